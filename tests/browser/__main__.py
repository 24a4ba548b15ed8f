# SPDX-License-Identifier: MPL-2.0
"""`python -m tests.browser FOLDER [down]`: a lab with chats that stands for many runs (`ANDEL_TEST_CHAT`)."""

import sys
from pathlib import Path

from andel.lab import lifecycle
from tests.node.gateway import STACK, attached, stand
from tests.node.node import settings

from .lab import with_chats

if __name__ == "__main__":
    folder, *words = sys.argv[1:]
    settings(Path(folder), STACK, with_chats)
    lab = attached(Path(folder))
    if words == ["down"]:
        lifecycle.down(lab.lab)
    else:
        stand(lab, Path(folder) / "keys")
