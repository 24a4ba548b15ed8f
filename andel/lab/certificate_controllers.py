# SPDX-License-Identifier: MPL-2.0
"""cert-manager's controllers (v1.17.0) beside a lab's real node, as a process of this machine: what runs in pods needs
certificates that somebody signed. Its webhook, which judges what is written by hand, is left out.
"""

from .control_plane import ControlPlane
from .node_parts import CERT_MANAGER
from .processes import Process, start

NAMESPACE = "cert-manager"
"""Where ClusterIssuers keep their Secrets; the default of `gateway.authority.namespace`."""


def up(plane: ControlPlane) -> None:
    """Start them. They wait by themselves for whatever is missing."""
    start(
        Process(
            name=CERT_MANAGER.name,
            command=[
                str(CERT_MANAGER.folder / CERT_MANAGER.program),
                f"--kubeconfig={plane.folder / 'lab.kubeconfig'}",
                f"--cluster-resource-namespace={NAMESPACE}",
            ],
            folder=plane.folder,
            environment={"PATH": "/usr/bin:/bin", "HOME": str(plane.folder)},
        )
    )
