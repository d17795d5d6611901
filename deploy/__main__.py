"""Entry point of `python -m deploy`, for systems on which `digit-deploy` is not on the PATH."""

from __future__ import annotations

from deploy.cli import main

if __name__ == "__main__":
    main()
