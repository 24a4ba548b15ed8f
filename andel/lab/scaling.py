# SPDX-License-Identifier: MPL-2.0
"""What scales models by load, on a lab: KEDA's operator (2.18.0) and a Prometheus, as processes of this machine.

The operator alone wakes a workload and puts it to sleep. Between one replica and more stands a HorizontalPodAutoscaler
that it makes; what that reads comes from KEDA's metrics adapter, which the lab doesn't run.
"""

import shutil

from .certificates import pair
from .control_plane import ControlPlane
from .definitions import install
from .files import write_private
from .live_manifests import written_definitions
from .processes import Process, await_page, free_ports, start
from .prometheus import READY_SECONDS, serve
from .scaling_parts import KEDA_OPERATOR

NAMESPACE = "keda"

SCRAPE_SECONDS = 1
"""Between two looks at a target. Clusters have 15 to 60."""


def start_keda(plane: ControlPlane) -> Process:
    """Start KEDA's operator, with the definitions that it watches.

    Raises:
        LabError: it ends by itself, or is not ready in time; with the end of its log.
    """
    api = plane.api()
    install(api, written_definitions(KEDA_OPERATOR.folder))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    api.apply(f"/api/v1/namespaces/{NAMESPACE}", namespace)
    certificates = plane.folder / "keda-certificates"
    certificates.mkdir(exist_ok=True, mode=0o700)
    served = pair(plane.certificates, "server")
    shutil.copyfile(plane.certificates / "ca.crt", certificates / "ca.crt")
    shutil.copyfile(served.certificate, certificates / "tls.crt")
    write_private(certificates / "tls.key", served.key.read_text())
    probe, service = free_ports(2)
    process = Process(
        name=KEDA_OPERATOR.name,
        command=[
            str(KEDA_OPERATOR.folder / KEDA_OPERATOR.program),
            f"--health-probe-bind-address=127.0.0.1:{probe}",
            f"--metrics-service-bind-address=127.0.0.1:{service}",
            "--metrics-bind-address=0",
            f"--cert-dir={certificates}",
        ],
        folder=plane.folder,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(plane.folder),
            "KUBECONFIG": str(plane.folder / "lab.kubeconfig"),
            "POD_NAMESPACE": NAMESPACE,
            "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
            "WATCH_NAMESPACE": "",
        },
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{probe}/readyz", READY_SECONDS)
    return process


def start_prometheus(plane: ControlPlane, target: str) -> str:
    """Start a Prometheus that reads one target.

    Args:
        plane: in whose folder its data lie.
        target: host and port with `/metrics`.

    Returns:
        Its address.

    Raises:
        LabError: it ends by itself, or is not ready in time; with the end of its log.
    """
    settings = {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
        "scrape_configs": [{"job_name": "lab", "honor_labels": True, "static_configs": [{"targets": [target]}]}],
    }
    return serve(plane, settings, plane.folder / "prometheus.yaml", plane.folder / "prometheus")
