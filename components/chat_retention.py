# SPDX-License-Identifier: MPL-2.0
"""What ends chats: a container beside Open WebUI that deletes those that nobody has touched for so many days.

It stands in the chat's own pod and not in a CronJob: it asks Open WebUI on loopback to let files go, so that a session
of its first account crosses no network, and the municipality's account needs no right that it hasn't got (ADR 47).
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import CHAT_PORT

from .edge.workload import container as contained
from .edge.workload import mount
from .metadata import metadata
from .programs import text

RETENTION = "retention"
"""Name of the container."""

PROGRAM = "retention.py"
FOLDER = "/srv/andel"
SHARED = ("DATABASE_URL", "WEBUI_ADMIN_EMAIL", "WEBUI_SECRET_KEY")
"""Variables that it has as Open WebUI has them."""


@dataclass(frozen=True, kw_only=True)
class ChatRetentionArgs:
    """Where it stands."""

    namespace: str
    """The municipality's namespace."""


class ChatRetention(pulumi.ComponentResource):
    """The program, in a ConfigMap whose name changes with it: a pod with another one starts again."""

    def __init__(self, name: str, args: ChatRetentionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:ChatRetention", name, None, opts)
        kubernetes.core.v1.ConfigMap(
            f"{name}-program",
            metadata=metadata(program_name(), args.namespace),
            data={PROGRAM: text("chat_retention.py")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def program_name() -> str:
    """Name of the ConfigMap."""
    return f"chat-retention-{hashlib.sha256(text('chat_retention.py').encode()).hexdigest()[:8]}"


def volume() -> dict[str, Any]:
    """The program, for the pod."""
    return {"name": RETENTION, "configMap": {"name": program_name()}}


def container(image: str, days: int, variables: list[dict[str, Any]]) -> dict[str, Any]:
    """The container.

    Args:
        image: Open WebUI's, whose Python and driver it runs on.
        days: after which a chat goes.
        variables: of Open WebUI.
    """
    own = {"ANDEL_CHAT": f"http://127.0.0.1:{CHAT_PORT}", "ANDEL_CHAT_DAYS": str(days)}
    return contained(
        RETENTION,
        image,
        "256Mi",
        "10m",
        command=["python", f"{FOLDER}/{PROGRAM}"],
        env=[
            *({"name": name, "value": value} for name, value in own.items()),
            *(one for one in variables if one["name"] in SHARED),
        ],
        volumeMounts=[mount(RETENTION, FOLDER)],
    )
