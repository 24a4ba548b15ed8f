# SPDX-License-Identifier: MPL-2.0
"""One explicit provider per cluster; the default provider is switched off in the stack's config."""

from typing import Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from config.clusters import Cluster


class After(Protocol):
    """Gives the options of a child on some cluster that waits for others."""

    def __call__(self, *resources: pulumi.Resource | None) -> pulumi.ResourceOptions: ...


def provider(name: str, cluster: Cluster, parent: pulumi.Resource) -> kubernetes.Provider:
    """A provider for the cluster of a kubeconfig's context.

    The identifier is the context's name: without it a changed address of the same cluster, in the kubeconfig alone,
    would replace every resource (source: pulumi-kubernetes, `clusterIdentifier`).

    The empty kubeconfig keeps the SDK from writing the path in `KUBECONFIG` into the state, where it would hold for
    every other machine too; the provider then looks where kubectl does.
    """
    return kubernetes.Provider(
        name,
        kubeconfig="",
        context=cluster.context,
        cluster_identifier=cluster.context,
        enable_server_side_apply=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
