# SPDX-License-Identifier: MPL-2.0
"""`python -m modelmesh_vllm runtime|front SETTINGS.json`: the two programs of this package."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from pydantic import ValidationError

from . import logs
from .programs import front, runtime
from .settings import FrontSettings, RuntimeSettings


async def _until_asked(settings: RuntimeSettings | FrontSettings) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, asked.set)
    if isinstance(settings, RuntimeSettings):
        await runtime(settings, asked)
    else:
        await front(settings, asked)


def main() -> None:
    """Run one of the programs until it is asked to end."""
    parser = argparse.ArgumentParser(prog="modelmesh_vllm", description=__doc__)
    parser.add_argument("program", choices=("runtime", "front"))
    parser.add_argument("settings", type=Path)
    given = parser.parse_args()
    logs.to_stdout()
    try:
        read = RuntimeSettings if given.program == "runtime" else FrontSettings
        settings = read.read(given.settings)
    except (OSError, ValidationError) as error:
        sys.exit(f"{given.settings}: {error}")
    asyncio.run(_until_asked(settings))


if __name__ == "__main__":
    main()
