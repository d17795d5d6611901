"""How a run is shown: `plain` lines, `jsonl` for machines, the `dashboard` for a terminal, the closing `summary`."""
