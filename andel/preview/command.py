# SPDX-License-Identifier: MPL-2.0
"""`andel preview`: what a stack file stands up, or what a change does; without an engine and without a cluster."""

import json
import sys
from pathlib import Path

import click

from .revisions import WORKING_TREE


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--base", metavar="REF", help="Compare with this revision of the checkout.")
@click.option("--head", metavar="REF", help="What is compared with it; left out, the working tree.")
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Write a pull request's comment.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: every resource, or all that changes.")
def command(file: Path | None, base: str | None, head: str | None, markdown: Path | None, as_json: bool) -> None:
    """Show what a stack FILE stands up, or with --base what a change does to stacks, prices, quotas and GPUs.

    Nobody is asked: `pulumi preview` compares with a cluster, this compares desired with desired. With --base it ends
    with status 1 where the change is refused.
    """
    if (file is None) == (base is None):
        raise click.UsageError("name a stack file, or a revision with --base")
    if file is not None:
        if head or markdown:
            raise click.UsageError("--head and --markdown go with --base")
        _show_file(file, as_json)
    else:
        sys.exit(_show_change(str(base), head or WORKING_TREE, markdown, as_json))


def _show_file(file: Path, as_json: bool) -> None:
    from andel.stack import environment_of

    from .plan import planned, show_plan

    environment = environment_of(file)
    if not as_json:
        show_plan(environment)
        return
    rows = [
        {"type": one.type, "name": one.name, "urn": one.urn, "object": one.object, "provider": one.provider}
        for one in planned(environment)
    ]
    click.echo(json.dumps(rows, indent=1))


def _show_change(base: str, head: str, markdown: Path | None, as_json: bool) -> int:
    from .markdown import markdown as commented
    from .masking import shown
    from .progress import told
    from .report import report
    from .revisions import root
    from .terminal import show

    found = report(root(Path.cwd()), base, head, told())
    if markdown is not None:
        markdown.write_text(shown(commented(found)), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found.told(), indent=1, ensure_ascii=False))
    elif markdown is None:
        show(found)
    return 1 if found.refused else 0
