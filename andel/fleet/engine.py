# SPDX-License-Identifier: MPL-2.0
"""Pulumi's Automation API, as a fleet uses it: one run of the engine per stack, and none around it.

The API (source: pulumi 3.216.0, `automation/_stack.py`) selects a stack before a run and reads outputs and history
after it: four more starts of the engine. A fleet names the stack in every command, and hears from the engine's events
what was done.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import IO

from pulumi import automation
from pulumi.automation.errors import create_command_error

from .notes import Note, holder

PROJECT = "andel-municipality"
"""The project of municipalities' stacks (`municipalities/Pulumi.yaml`)."""

LOCKING = ("up", "refresh", "destroy")
"""Commands that lock a stack."""

BRIEF = {"GOGC": "off", "GOMEMLIMIT": "512MiB", "PULUMI_SKIP_UPDATE_CHECK": "1"}
"""Variables of every engine and its providers, where nobody has set them. They live for seconds: to collect garbage
only where much has gathered costs some 60 MiB a stack and saves a fifth of the provider's time. And they look for no
newer version of themselves."""


Callback = Callable[[str], object] | None
"""Is told each line as it comes."""


class Engine(automation.PulumiCommand):
    """The engine's CLI, in a session of its own, noted while it is at a stack.

    A terminal's Ctrl-C reaches every process of its session, and an engine that is told twice to stop drops what it
    does; so it is told by us alone, once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.running: subprocess.Popen[str] | None = None
        """The engine that runs now."""

        self._told: subprocess.Popen[str] | None = None

        self.note: Note | None = None
        """Where an engine is noted that may lock the stack."""

        self.stopping = False
        """Whether nothing new is to be started."""

    def stop(self) -> None:
        """Start nothing new, and tell the engine that runs to stop, if nobody has."""
        self.stopping = True
        if self.running is not None and self.running is not self._told:
            self._told = self.running
            self.running.send_signal(signal.SIGINT)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callback = None,
        on_error: Callback = None,
    ) -> automation.CommandResult:
        """Run a command of the CLI.

        Raises:
            CommandError: it doesn't end well.
        """
        command = [self.command, *args, *(() if "--non-interactive" in args else ("--non-interactive",))]
        environment = {**BRIEF, **os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        said: tuple[list[str], list[str]] = ([], [])
        if self.stopping:
            raise create_command_error(automation.CommandResult("", "stopped before it began", 1))
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            self.running = process
            if self.stopping:  # the word came while it was being started
                self.stop()
            noted = self.note if args[0] in LOCKING else None
            if noted is not None:
                noted.write(holder(process.pid))  # before it can lock anything: it reads its settings first
            _listen_to((process.stdout, process.stderr), said, (on_output, on_error))
            code = process.wait()
        self.running = None
        if noted is not None and code >= 0:  # one that was killed may have left a lock
            noted.erase()
        result = automation.CommandResult("\n".join(said[0]), "\n".join(said[1]), code)
        if code:
            raise create_command_error(result)
        return result


def _listen_to(streams: Sequence[IO[str] | None], said: Sequence[list[str]], callbacks: Sequence[Callback]) -> None:
    """Hear what an engine says on all its streams, until it has ended."""
    listeners = [
        Thread(target=_listen, args=(stream, heard, callback))
        for stream, heard, callback in zip(streams, said, callbacks, strict=True)
    ]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()


def _listen(stream: IO[str], heard: list[str], callback: Callback) -> None:
    for line in stream:
        heard.append(line.rstrip())
        if callback:
            callback(heard[-1])


class Workspace(automation.LocalWorkspace):
    """The project folder of a fleet. What it selects or reads nobody asks for."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing: every command names its stack, and a selection is one for all who share a home."""

    def create_stack(self, stack_name: str) -> None:
        """Make a stack without selecting it."""
        more = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        self.pulumi_command.run(["stack", "init", stack_name, "--no-select", *more], self.work_dir, self.env_vars)

    def stack_outputs(self, stack_name: str) -> automation.OutputMap:  # noqa: ARG002
        """None: nobody reads them here."""
        return {}


class MunicipalStack(automation.Stack):
    """A stack whose runs are not looked up in its history: events have told all of it."""

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002
        """That a run has ended well; else there would have been an error."""
        return automation.UpdateSummary(
            kind="update",
            start_time=datetime.now(UTC),
            message="",
            environment={},
            config={},
            result="succeeded",
        )


def workspace(folder: Path, engine: Engine, *, variables: Mapping[str, str]) -> Workspace:
    """A workspace in a project folder that is there."""
    return Workspace(work_dir=str(folder), pulumi_command=engine, env_vars=dict(variables))
