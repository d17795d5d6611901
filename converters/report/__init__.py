"""What training runs came to, and how well nets read: a log, figures, and one page of them.

- `log`: one line a run, in JSON.
- `records`: what others have published.
- `corrupt`: test images made harder.
- `study`: everything measured that a page shows.
- `tables`: the same numbers as Markdown.
- `charts`, `page`: one self-contained HTML file.
"""
