# SPDX-License-Identifier: MPL-2.0
"""`andel`: one command, a thin module a verb. A verb's module is imported only when it is called."""

import importlib

import click

VERBS = {
    "check": "andel.check",
    "schema": "andel.schema",
    "template": "andel.template",
    "capacity": "andel.capacity",
    "price": "andel.price.command",
    "usage": "andel.usage.command",
    "preview": "andel.preview.command",
    "kubeai-values": "andel.kubeai_values",
    "chat": "andel.chat.command",
    "gateway-values": "andel.gateway_values",
    "fleet": "andel.fleet.command",
    "lab": "andel.lab.command",
}
"""Each verb and the module whose attribute `command` carries it out."""


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports one when it is called: `check` starts in a blink."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name]).command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="andel")
def main() -> None:
    """andel: one shared LLM platform for many municipalities, from one typed config per environment."""


if __name__ == "__main__":
    main()
