"""Report on training runs and on how well nets read: a log of runs, metrics, tables, and one HTML page.

- `log`: log of training runs, one line of JSON for each run.
- `corrupt`: corrupted test images.
- `results`: measures everything that the page shows.
- `tables`: the results as tables, also in Markdown.
- `charts`, `page`: one self-contained HTML file.
"""
