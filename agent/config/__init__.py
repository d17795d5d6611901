"""The options of a run: from the command line, a configuration file, the board's profile, or their defaults."""
