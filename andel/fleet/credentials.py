# SPDX-License-Identifier: MPL-2.0
"""As whom each stack is run: a kubeconfig of the municipality's own account, which can write nowhere else.

Either somebody hands them over, `<slug>.kubeconfig` each; or whoever runs the fleet may ask for tokens of these
accounts (`create` on `serviceaccounts/token`). Then `kubectl proxy` speaks to the cluster with the rights of the
caller, whatever their sign-on is, on a socket that nobody else can open.
"""

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import click
import yaml

from config.clusters import Clusters
from config.names import ACCOUNT, MEMBER

from .notes import ends_with_parent
from .stacks import FleetStack

SECONDS = 3600
"""How long a token holds; it is asked for when its stack has its turn."""

PATIENCE = 15
"""Seconds that `kubectl proxy` may take to begin."""


class Credentials(Protocol):
    """Gives the kubeconfig of a stack."""

    def __call__(self, stack: FleetStack) -> Path:
        """The kubeconfig.

        Raises:
            click.ClickException: there is none.
        """


def handed_over(folder: Path) -> Credentials:
    """Kubeconfigs that lie in a folder, `<slug>.kubeconfig` each."""

    def credentials(stack: FleetStack) -> Path:
        file = folder / f"{stack.slug}.kubeconfig"
        if not file.is_file():
            raise click.ClickException(f"{file} is not there")
        return file.resolve()

    return credentials


@contextmanager
def asked_for(folder: Path, platform: Clusters) -> Iterator[Credentials]:
    """Kubeconfigs with tokens of an hour, written into a folder that is the caller's alone.

    Args:
        folder: where they come to lie.
        platform: its clusters, by contexts of the caller's kubeconfig. They come from the environment, never from a
            municipality's file: this kubeconfig may have contexts that are nothing to it.

    Raises:
        click.ClickException: there is no kubectl.
    """
    if shutil.which("kubectl") is None:
        raise click.ClickException("there is no kubectl to ask for tokens with; hand over kubeconfigs (--kubeconfigs)")
    with ExitStack() as proxies:
        doors = Path(
            proxies.enter_context(tempfile.TemporaryDirectory(prefix="andel-fleet-"))
        )  # paths of sockets are short
        opened: dict[str, tuple[Path, dict[str, Any]]] = {}

        def credentials(stack: FleetStack) -> Path:
            clusters, users, contexts = [], [], []
            for context in (cluster.context for cluster in (platform.gpu, platform.application) if cluster):
                if context not in opened:
                    door = proxies.enter_context(_proxy(context, doors / str(len(opened))))
                    opened[context] = door, _cluster(context)
                door, cluster = opened[context]
                clusters.append({"name": context, "cluster": cluster})
                users.append({"name": context, "user": {"token": _token(door, stack.slug)}})
                contexts.append({"name": context, "context": {"cluster": context, "user": context}})
            whole = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts}
            file = folder / f"{stack.slug}.kubeconfig"
            file.touch(mode=0o600)
            file.write_text(yaml.safe_dump({**whole, "current-context": contexts[0]["name"]}), encoding="utf-8")
            return file

        yield credentials


@contextmanager
def _proxy(context: str, door: Path) -> Iterator[Path]:
    """A way to the cluster of a context through a socket of ours."""
    command = ["kubectl", "--context", context, "proxy", f"--unix-socket={door}"]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=ends_with_parent,  # else a killed fleet would leave a door to the cluster open
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not door.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise click.ClickException(f"kubectl finds no way to {context}: {process.communicate()[1].strip()}")
                time.sleep(0.02)
            yield door
        finally:
            process.terminate()


def _cluster(context: str) -> dict[str, Any]:
    """Address and authority of a context's cluster, with nobody's credentials."""
    command = ["kubectl", "--context", context, "config", "view", "--minify", "--flatten", "--raw", "--output=json"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode:
        raise click.ClickException(f"kubectl: {shown.stderr.strip()}")
    cluster: dict[str, Any] = json.loads(shown.stdout)["clusters"][0]["cluster"]
    return cluster


class _Connection(http.client.HTTPConnection):
    """HTTP through a socket of the file system."""

    def __init__(self, door: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._door = door

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._door))


def _token(door: Path, slug: str) -> str:
    """A token of a municipality's account (authentication.k8s.io/v1 TokenRequest)."""
    path = f"/api/v1/namespaces/{MEMBER}{slug}/serviceaccounts/{ACCOUNT}/token"
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": SECONDS},
    }
    connection = _Connection(door)
    try:
        connection.request("POST", path, json.dumps(asked), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise click.ClickException(f"no token for {slug}: {error}") from None
    finally:
        connection.close()
    if answer.status >= 300:
        raise click.ClickException(f"no token for {slug}: {content.get('message', answer.status)}")
    return str(content["status"]["token"])
