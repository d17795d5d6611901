"""How a run is shown: `plain` lines, `jsonl` for machines, the `dashboard` for a terminal, the closing `summary`.

And how the log is: `tables`, `chart` and `plot`, which draw the `week`, and `rows` for spreadsheets.
"""
