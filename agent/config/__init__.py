"""What the agent is told to do: options said on the command line, in a file, by the board's profile, or nowhere."""
