# SPDX-License-Identifier: MPL-2.0
"""`python -m tests.node FOLDER [down]`: a gateway that stands for many runs of the tests; see `ANDEL_TEST_GATEWAY`."""

import sys
from pathlib import Path

from andel.lab import lifecycle

from .gateway import STACK, attached, stand
from .node import settings

if __name__ == "__main__":
    folder, *words = sys.argv[1:]
    settings(Path(folder), STACK)
    lab = attached(Path(folder))
    if words == ["down"]:
        lifecycle.down(lab.lab)
    else:
        stand(lab, Path(folder) / "keys")
