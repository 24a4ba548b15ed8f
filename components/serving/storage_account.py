# SPDX-License-Identifier: MPL-2.0
"""The service account by which KServe finds a model's credentials. It names a Secret; it never holds one."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from ..metadata import metadata


@dataclass(frozen=True, kw_only=True)
class StorageAccountArgs:
    """Whose account, and which Secret."""

    name: str
    """Name of the account."""

    namespace: str
    """Namespace of the models."""

    secret: str
    """Secret that opens the model's source."""


class StorageAccount(pulumi.ComponentResource):
    """A ServiceAccount without any right and without a token."""

    def __init__(self, name: str, args: StorageAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:StorageAccount", name, None, opts)
        kubernetes.core.v1.ServiceAccount(
            name,
            metadata=metadata(args.name, args.namespace),
            secrets=[{"name": args.secret}],
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
