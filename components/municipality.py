# SPDX-License-Identifier: MPL-2.0
"""A municipality's stack: what stands inside the walls that the platform built. It knows the platform by its contract.

Keys lie where the gateway is; the chat, and the rights of people who look after it, where applications are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from andel.release.admission import CHAT_IMAGE
from andel.release.pins import Release
from config.chat import SecretKey
from config.contract import PlatformContract
from config.municipality import Municipality as Section
from config.municipality import held
from config.municipality_rules import models_of_the_chat
from config.names import CHAT

from .application_keys import FIELD, ApplicationKeys, ApplicationKeysArgs, secret_name
from .chat_interface import ChatInterface, ChatInterfaceArgs
from .chat_settings import host
from .cluster import provider
from .metadata import metadata
from .own_dashboards import OwnDashboards, OwnDashboardsArgs
from .staff_rights import StaffRights, StaffRightsArgs


@dataclass(frozen=True, kw_only=True)
class MunicipalityArgs:
    """A municipality, and the platform that it stands on."""

    municipality: Section
    """Its section."""

    contract: PlatformContract
    """What the platform says."""

    release: Release
    """The release that the contract names."""


class Municipality(pulumi.ComponentResource):
    """Keys, chat, rights of staff, and whom to turn to."""

    def __init__(self, name: str, args: MunicipalityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:Municipality", name, None, opts)
        self._section, self._contract, self._release = args.municipality, args.contract, args.release
        self._namespace = f"{args.contract.namespaces.member}{args.municipality.slug}"
        clusters = args.municipality.clusters
        self._gpu = provider("gpu", clusters.gpu, self)
        self._applications = provider("application", clusters.application, self) if clusters.application else self._gpu
        # The default one is switched off with all others.
        self._random = random.Provider("random", opts=pulumi.ResourceOptions(parent=self))
        keys = self._make_keys()
        self._open_chat(keys)
        self._draw_boards()
        self._admit_staff()
        self._say_whom_to_ask()
        self.url = None if args.municipality.chat is None else f"https://{host(args.municipality.slug, args.contract)}"
        self.register_outputs({"url": self.url})

    def _on(self, cluster: kubernetes.Provider, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, providers=[cluster], depends_on=list(after))

    def _make_keys(self) -> ApplicationKeys:
        applications = dict(self._section.applications)
        if self._section.chat is not None:
            applications[CHAT] = self._section.chat.key
        applications = {name: held(self._section, key) for name, key in applications.items()}
        args = ApplicationKeysArgs(namespace=self._namespace, applications=applications)
        return ApplicationKeys("keys", args, pulumi.ResourceOptions(parent=self, providers=[self._gpu, self._random]))

    def _open_chat(self, keys: ApplicationKeys) -> None:
        chat = self._section.chat
        if chat is None:
            return
        args = ChatInterfaceArgs(
            slug=self._section.slug,
            namespace=self._namespace,
            chat=chat,
            key=SecretKey(name=secret_name(CHAT, chat.key.generation), key=FIELD),
            contract=self._contract,
            allowed=models_of_the_chat(self._section, self._contract) or (),
            image=self._release.images[CHAT_IMAGE].reference(self._contract.images),
        )
        found = [keys, *self._copied_key(keys, chat.key.generation)]
        after = pulumi.ResourceOptions(parent=self, providers=[self._applications, self._random], depends_on=found)
        ChatInterface("chat", args, after)

    def _copied_key(self, keys: ApplicationKeys, generation: int) -> Iterator[pulumi.Resource]:
        """The chat's key on another cluster than the gateway's: a copy by the same name, which opens nothing there."""
        if self._applications is self._gpu:
            return
        yield kubernetes.core.v1.Secret(
            "chat-key",
            metadata=metadata(secret_name(CHAT, generation), self._namespace),
            type="Opaque",
            string_data={FIELD: keys.values[CHAT, generation]},
            opts=pulumi.ResourceOptions(
                parent=self, provider=self._applications, additional_secret_outputs=["data", "string_data"]
            ),
        )

    def _draw_boards(self) -> None:
        if not self._section.dashboards:
            return
        member = self._contract.municipalities.get(self._section.slug)
        name = member.display_name if member else self._section.slug
        args = OwnDashboardsArgs(slug=self._section.slug, display_name=name, namespace=self._namespace)
        OwnDashboards("dashboards", args, self._on(self._applications))

    def _admit_staff(self) -> None:
        args = StaffRightsArgs(namespace=self._namespace, staff=self._section.staff)
        StaffRights("staff", args, self._on(self._gpu))
        if self._applications is not self._gpu:
            StaffRights("application-staff", args, self._on(self._applications))

    def _say_whom_to_ask(self) -> None:
        contacts = self._section.contacts
        kubernetes.core.v1.ConfigMap(
            "contacts",
            metadata=metadata("contacts", self._namespace),
            data={"technical": contacts.technical, "dataProtection": contacts.data_protection},
            opts=pulumi.ResourceOptions(parent=self, provider=self._applications),
        )
