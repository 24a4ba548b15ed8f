# SPDX-License-Identifier: MPL-2.0
"""Whether this machine can have a real node: what the kernel and its keepers must allow."""

import os
import shutil
import subprocess
from pathlib import Path

from . import control_groups, debian

FILESYSTEMS = ("overlay", "tmpfs", "proc")


def lacks() -> str | None:
    """What is missing for a real node, and why it is needed; None if nothing is."""
    if os.geteuid() != 0:
        return "it needs root, for network interfaces and mounts of its own"
    if reason := debian.missing():
        return reason
    known = Path("/proc/filesystems").read_text().split()
    if absent := [one for one in FILESYSTEMS if one not in known]:
        return f"the kernel has no {', '.join(absent)}, on which images and pods' files lie"
    if absent := control_groups.missing():
        return f"no control groups can be made for {', '.join(absent)}, which the kubelet asks for"
    return _namespaces()


def _namespaces() -> str | None:
    """Try it: containers without rights of their own fail here."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "unshare (util-linux) is not there"
    tried = subprocess.run(
        [unshare, "--mount", "--net", "--pid", "--fork", "--mount-proc", "/bin/true"], capture_output=True, text=True
    )
    return f"no namespaces of its own can be made ({tried.stderr.strip()})" if tried.returncode else None
