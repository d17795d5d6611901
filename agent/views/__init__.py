"""How runs, logs and measurements are shown.

During a run: `lines` (text or JSON), `dashboard` (terminal), `screenshot` (SVG); after it: `summary`.
For the log: `tables` and `chart` (terminal), `plot` (SVG), `csv_export`. For a benchmark: `bench_table` and `frontier`.
"""
