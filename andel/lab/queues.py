# SPDX-License-Identifier: MPL-2.0
"""Kueue's own controller (v0.15.0) on a lab, as a process of this machine, with the settings that we give a cluster's.

It looks for a certificate of its metrics at one fixed path below `/etc` (source: cmd/kueue/main.go), so it runs in
namespaces of its own, where `/etc` is a folder in memory.
"""

import base64
import shutil
from typing import Any

import yaml

from components.kueue import settings

from .certificates import pair
from .control_plane import ControlPlane
from .controllers import ADMISSION, webhooks
from .definitions import install
from .files import write_private
from .live_manifests import written_definitions
from .processes import Process, await_page, free_ports, start
from .queue_parts import KUEUE_CONTROLLER

NAMESPACE = "kueue-system"

READY_SECONDS = 60

JUDGED = {
    *("pods", "jobs", "deployments", "statefulsets", "leaderworkersets"),
    *("workloads", "workloads/status", "clusterqueues", "cohorts", "resourceflavors", "localqueues"),
}
"""Resources whose writes its webhooks see here: those of frameworks that we name, and its own."""

OF_ITS_OWN_ETC = (
    'mount -t tmpfs andel /etc && mkdir -p /etc/kueue/metrics && ln -s "$1" /etc/kueue/metrics/certs && shift'
    ' && exec "$@"'
)


def start_kueue(plane: ControlPlane) -> Process:
    """Start the controller, with the definitions that it watches, and put its webhooks before the API server.

    Raises:
        LabError: it ends by itself, or is not ready in time; with the end of its log.
    """
    api = plane.api()
    install(api, written_definitions(KUEUE_CONTROLLER.folder))
    api.apply(
        f"/api/v1/namespaces/{NAMESPACE}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    )
    certificates = plane.folder / "kueue-certificates"
    certificates.mkdir(exist_ok=True, mode=0o700)
    served = pair(plane.certificates, "server")
    shutil.copyfile(served.certificate, certificates / "tls.crt")
    write_private(certificates / "tls.key", served.key.read_text())
    probe, webhook, metrics = free_ports(3)
    file = plane.folder / "kueue.yaml"
    on_a_lab = {
        "namespace": NAMESPACE,
        "webhook": {"port": webhook, "host": "127.0.0.1", "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        # It serves another API of its own, which nothing here asks.
        "featureGates": {"VisibilityOnDemand": False},
    }
    chosen = settings(health=f"127.0.0.1:{probe}", metrics=f"127.0.0.1:{metrics}")
    write_private(file, yaml.safe_dump({**chosen, **on_a_lab}))
    process = Process(
        name=KUEUE_CONTROLLER.name,
        command=[
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", OF_ITS_OWN_ETC, "sh", str(certificates)),
            *(str(KUEUE_CONTROLLER.folder / KUEUE_CONTROLLER.program), f"--config={file}"),
        ],
        folder=plane.folder,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(plane.folder),
            "KUBECONFIG": str(plane.folder / "lab.kubeconfig"),
        },
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{probe}/readyz", READY_SECONDS)
    authority = base64.b64encode((plane.certificates / "ca.crt").read_bytes()).decode()
    for configuration in yaml.safe_load_all((KUEUE_CONTROLLER.folder / "webhooks.yaml").read_text()):
        name = f"{KUEUE_CONTROLLER.name}-{configuration['metadata']['name']}"
        told = webhooks(judged(configuration), name, lambda _: webhook, authority)
        api.apply(f"{ADMISSION}/{configuration['kind'].lower()}s/{name}", told)
    return process


def judged(configuration: dict[str, Any]) -> dict[str, Any]:
    """The configuration with webhooks for kinds that are used here."""
    kept = [
        hook
        for hook in configuration["webhooks"]
        if any(resource in JUDGED for rule in hook["rules"] for resource in rule["resources"])
    ]
    return {**configuration, "webhooks": kept}
