"""`digit-convert report`: one page and its tables, of what ships, what it is compared with, and the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converters.data.mnist import DEFAULT_FOLDER
from converters.report.log import SHIPPED


def report(  # noqa: PLR0917 - typer names them
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")
    ] = DEFAULT_FOLDER,
    artifacts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder that digit-convert has made.", show_default="what ships"),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A trained net to compare with; once for each.")
    ] = None,
    log: Annotated[
        Path, typer.Option(metavar="FILE", help="The training runs.", show_default="the project's own")
    ] = SHIPPED,
    images: Annotated[int, typer.Option(metavar="N", min=1, help="How many test images are made harder.")] = 10_000,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where index.html and tables.md go.")] = Path("report"),
) -> None:
    """Write one page that shows how well the nets read, and its tables as Markdown.

    Example: `digit-convert report --data data/mnist --checkpoint runs/plain-1.pt`
    """
    from rich.console import Console

    from agent.paths import default_artifacts
    from converters.report.page import page
    from converters.report.study import shipped, study, trained
    from converters.report.tables import all_tables, markdown
    from profiles.atomic_write import write_atomic
    from profiles.errors import OutputError

    nets = [*shipped(artifacts or default_artifacts()), *map(trained, checkpoint or ())]
    with Console(stderr=True).status("") as status:
        result = study(nets, data, log, images, lambda what: status.update(f"measuring {what}"))
    files = {
        out / "index.html": page(result),
        out / "tables.md": "\n".join(markdown(table) for table in all_tables(result)),
    }
    for path, content in files.items():
        try:
            write_atomic(path, content.encode())
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}); choose another --out") from error
        typer.echo(f"wrote {path}")
