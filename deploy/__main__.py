"""`python -m deploy` is `digit-deploy`, where its script is not on the path."""

from __future__ import annotations

from deploy.cli import main

if __name__ == "__main__":
    main()
