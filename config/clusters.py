# SPDX-License-Identifier: MPL-2.0
"""Section `clusters`: where the platform stands."""

from .scalars import ContextName
from .section import Section


class Cluster(Section):
    """One Kubernetes cluster. Its address and credentials come from the kubeconfig of whoever runs Pulumi."""

    context: ContextName
    """Context in the kubeconfig (`KUBECONFIG`). Changing it to another cluster replaces every resource there."""


class Clusters(Section):
    """The cluster with the GPUs, and the one with the applications: two, or one that is both."""

    gpu: Cluster
    """Runs the models, the operators that serve them and the gateway in front of them."""

    application: Cluster | None = None
    """Runs user interfaces. Left out, the GPU cluster does."""

    @property
    def applications(self) -> Cluster:
        """The cluster on which applications stand, whether it is one of its own or not."""
        return self.application or self.gpu
