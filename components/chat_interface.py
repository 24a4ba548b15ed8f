# SPDX-License-Identifier: MPL-2.0
"""A municipality's chat: Open WebUI 0.11 in its own namespace, with the municipality's own key.

Chats are in a PostgreSQL of its own, uploads on a disk, settings nowhere but in its environment. Its route, its host
and what it may reach are walls, and the platform's.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from config.chat import Chat, SecretKey
from config.contract import PlatformContract
from config.names import CHAT, CHAT_PORT

from .chat_retention import ChatRetention, ChatRetentionArgs
from .chat_retention import container as retaining
from .chat_retention import volume as program
from .chat_settings import DATA, environment
from .edge.workload import labels, pod, service
from .metadata import metadata
from .pod_security import CONTAINER_SECURITY

UNAWAITED = {"pulumi.com/skipAwait": "true"}
"""Annotation of what the engine makes and leaves (source: pulumi-kubernetes)."""

FIRST_ACCOUNT = SecretKey(name="chat-first-account", key="password")
"""Password of the account that is there before anybody signs on. With one way in there is no form to write it into."""

USER = 1000
"""User of its pod. The image's own is root, which *restricted* refuses."""


@dataclass(frozen=True, kw_only=True)
class ChatInterfaceArgs:
    """A chat, and where it stands."""

    slug: str
    """Whose it is."""

    namespace: str
    """The municipality's namespace."""

    chat: Chat
    """Its section."""

    key: SecretKey
    """Where its key to the API lies."""

    contract: PlatformContract
    """What the platform gives it."""

    allowed: tuple[str, ...]
    """Models that its key may use."""

    image: str
    """Open WebUI's image."""


class ChatInterface(pulumi.ComponentResource):
    """Disk, first account, Deployment and Service of an Open WebUI; and what ends chats."""

    def __init__(self, name: str, args: ChatInterfaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:ChatInterface", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Its Secrets are the municipality's to put there: an engine that waited for its pod would wait for people.
        placed = metadata(CHAT, args.namespace, annotations=UNAWAITED)
        disk = kubernetes.core.v1.PersistentVolumeClaim(
            f"{name}-uploads",
            metadata=metadata("chat-uploads", args.namespace, annotations=UNAWAITED),
            spec=claim(args.chat),
            opts=child,
        )
        account = self._first_account(name, args.namespace)
        kubernetes.core.v1.Service(f"{name}-service", metadata=placed, spec=address(), opts=child)
        first: list[pulumi.Resource] = [disk, account]
        if args.chat.retention.chats is not None:
            first.append(ChatRetention(f"{name}-retention", ChatRetentionArgs(namespace=args.namespace), child))
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=placed,
            spec=deployment(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=first),
        )
        self.register_outputs({})

    def _first_account(self, name: str, namespace: str) -> kubernetes.core.v1.Secret:
        """A password that nobody knows."""
        password = random.RandomPassword(
            f"{name}-first-account-value",
            length=43,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result"]),
        )
        return kubernetes.core.v1.Secret(
            f"{name}-first-account",
            metadata=metadata(FIRST_ACCOUNT.name, namespace),
            type="Opaque",
            string_data={FIRST_ACCOUNT.key: password.result},
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "string_data"]),
        )


def claim(chat: Chat) -> dict[str, Any]:
    """The disk for uploads."""
    storage_class = {} if chat.storage_class is None else {"storageClassName": chat.storage_class}
    return {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": chat.uploads}},
        **storage_class,
    }


def address() -> dict[str, Any]:
    """The Service that the platform's route names."""
    return service(CHAT, {"http": CHAT_PORT})


def deployment(args: ChatInterfaceArgs) -> dict[str, Any]:
    """One pod, which lets go of its disk before the next takes it."""
    one, days = container(args), args.chat.retention.chats
    beside = [] if days is None else [retaining(args.image, days, one["env"])]
    uploads = {"name": "uploads", "persistentVolumeClaim": {"claimName": "chat-uploads"}}
    volumes = [uploads, *(program() for _ in beside)]
    return {
        "replicas": 1,
        "selector": {"matchLabels": labels(CHAT)},
        "strategy": {"type": "Recreate"},
        "template": pod(CHAT, [one, *beside], volumes, user=USER),
    }


def container(args: ChatInterfaceArgs) -> dict[str, Any]:
    """Open WebUI. It writes into its own folders when it starts, so its file system is not read-only."""
    chat = args.chat
    asked = {"httpGet": {"path": "/health", "port": CHAT_PORT}}
    return {
        "name": CHAT,
        "image": args.image,
        "env": [
            {"name": "HOME", "value": DATA},
            *environment(chat, args.slug, args.key, FIRST_ACCOUNT, args.contract, args.allowed),
        ],
        "ports": [{"name": "http", "containerPort": CHAT_PORT}],
        "resources": {"requests": {"cpu": chat.cpu, "memory": chat.memory}, "limits": {"memory": chat.memory}},
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": "uploads", "mountPath": DATA}],
        "startupProbe": {**asked, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**asked, "periodSeconds": 10},
        "livenessProbe": {**asked, "periodSeconds": 20, "timeoutSeconds": 5},
    }
