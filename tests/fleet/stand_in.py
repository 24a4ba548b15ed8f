# SPDX-License-Identifier: MPL-2.0
"""A stand-in for the engine's CLI: it works in its current folder, keeps what it was told, and makes nothing."""

import os
from pathlib import Path

ENGINE = """#!/bin/sh
# Locked while there is a file `held`; `fails` is what it says when it fails; `fails-<stack>`, of one stack alone.
case "$1" in version) echo v3.216.0; exit;; esac
echo "$*" >> told
case "$1 $2" in
  "stack ls") cat stacks; exit;;
  "stack export") cat exported; exit;;
  "stack output") cat output; exit;;
  cancel*) rm held; exit;;
  "up "*|"refresh "*|"destroy "*)
    if [ -e held ]; then
      echo "error: the stack is currently locked by 1 lock(s). Either wait or delete it with pulumi cancel." >&2
      cat held >&2
      exit 255
    fi;;
esac
for word in "$@"; do if [ -e "fails-$word" ]; then cat "fails-$word" >&2; exit 255; fi; done
if [ -e fails ]; then cat fails >&2; exit 255; fi
"""


def on_path(folder: Path) -> str:
    """Put the stand-in into a folder; a PATH on which it comes first."""
    folder.mkdir()
    (folder / "pulumi").write_text(ENGINE)
    (folder / "pulumi").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
