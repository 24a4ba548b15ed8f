# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.boards`: pictures of all boards, into `docs/boards`."""

import tempfile
from pathlib import Path

import click

from tests.monitoring.cases import all_boards, groups

from .history import remembering
from .picture import draw

PICTURES = Path(__file__).parents[2] / "docs" / "boards"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES, show_default=True)
def main(out: Path) -> None:
    """Fill a Prometheus with a day, and draw what every board asks of it."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, remembering(Path(folder), groups()) as address:
        for written in all_boards():
            file = out / f"{written['uid']}.svg"
            draw(written, address, file)
            click.echo(f"{file} {file.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
