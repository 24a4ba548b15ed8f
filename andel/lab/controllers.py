# SPDX-License-Identifier: MPL-2.0
"""Real controllers on a lab: KServe's two (v0.20.0) and that of LeaderWorkerSet (v0.8.0), as processes of this machine.

Their webhooks judge and complete what is written, as on a cluster: the API server reaches them on loopback.
"""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config.names import GATEWAY

from .api import ApiServer
from .certificates import pair
from .control_plane import ControlPlane
from .definitions import install
from .files import write_private
from .live_parts import KSERVE_CONTROLLER, LLMISVC_CONTROLLER, LWS_CONTROLLER, VARIANT_DEFINITIONS
from .parts import Part
from .processes import Process, await_page, free_ports, running, start

NAMESPACES = ("kserve", "lws-system")
"""Where the controllers keep their settings."""

READY_SECONDS = 60

FETCHER = "docker.io/kserve/storage-initializer:v0.20.0"
"""Image of KServe's container that fetches weights."""

ADMISSION = "/apis/admissionregistration.k8s.io/v1"

NEEDED = (VARIANT_DEFINITIONS, LLMISVC_CONTROLLER, KSERVE_CONTROLLER, LWS_CONTROLLER)
"""What has to be built for them."""

CONTROLLERS = (LLMISVC_CONTROLLER, KSERVE_CONTROLLER, LWS_CONTROLLER)


def up(plane: ControlPlane, gateway_class: str | None) -> None:
    """Start the controllers, with what they need on the cluster.

    Args:
        plane: the cluster.
        gateway_class: class of the gateways that KServe's routes go to, if there are any.

    Raises:
        LabError: one of them ends by itself, or is not ready in time; with the end of its log.
    """
    api = plane.api()
    _prepare(api)
    if gateway_class:
        spec = {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}
        identity = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass"}
        path = f"/apis/gateway.networking.k8s.io/v1/gatewayclasses/{gateway_class}"
        api.apply(path, {**identity, "metadata": {"name": gateway_class}, "spec": spec})
    ports = _ports(plane)
    processes = [_process(plane, part, ports) for part in CONTROLLERS]
    for process in processes:
        start(process)
    for part, process in zip(CONTROLLERS, processes, strict=True):
        await_page(process, f"http://127.0.0.1:{ports[f'{part.name}-probe']}/readyz", READY_SECONDS)
    authority = base64.b64encode((plane.certificates / "ca.crt").read_bytes()).decode()
    for part in (KSERVE_CONTROLLER, LWS_CONTROLLER):
        for configuration in _manifests(part, "webhooks"):
            kind = configuration["kind"]
            name = f"{part.name}-{configuration['metadata']['name']}"
            told = webhooks(configuration, name, lambda path: _port_of(path, ports), authority)
            api.apply(f"{ADMISSION}/{kind.lower()}s/{name}", told)
    for preset in _manifests(KSERVE_CONTROLLER, "presets"):
        placed = {**preset, "metadata": {**preset["metadata"], "namespace": "kserve"}}
        base = "/apis/serving.kserve.io/v1alpha2/namespaces/kserve/llminferenceserviceconfigs"
        api.apply(f"{base}/{placed['metadata']['name']}", placed)


def forget(plane: ControlPlane) -> None:
    """Take the webhooks away if nothing is behind them any more: they would refuse every write of their kinds."""
    if any(running(plane.folder / f"{part.name}.pid") for part in CONTROLLERS):
        return
    api = plane.api()
    for kind in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
        for one in api.metadata(f"{ADMISSION}/{kind}"):
            name = one["metadata"]["name"]
            if name.startswith(tuple(f"{part.name}-" for part in CONTROLLERS)):
                api.delete(f"{ADMISSION}/{kind}/{name}")


def _prepare(api: ApiServer) -> None:
    parts = (KSERVE_CONTROLLER, LWS_CONTROLLER, VARIANT_DEFINITIONS)
    install(api, [one for part in parts for one in _manifests(part, "definitions")])
    for namespace in NAMESPACES:
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        api.apply(f"/api/v1/namespaces/{namespace}", manifest)
    for setting in _manifests(KSERVE_CONTROLLER, "settings"):
        if setting["kind"] == "ConfigMap":
            placed = {
                **setting,
                "metadata": {**setting["metadata"], "namespace": "kserve"},
                "data": kserve_settings(setting),
            }
            api.apply(f"/api/v1/namespaces/kserve/configmaps/{setting['metadata']['name']}", placed)
        else:
            base = "/apis/serving.kserve.io/v1alpha1/clusterstoragecontainers"
            api.apply(f"{base}/{setting['metadata']['name']}", secured(setting))


def kserve_settings(shipped: Mapping[str, Any]) -> dict[str, str]:
    """KServe's settings as its chart would write them for this platform: no Knative, Gateway API, weights on disks."""
    changed: dict[str, dict[str, Any]] = {
        "deploy": {"defaultDeploymentMode": "Standard"},
        "ingress": {"enableGatewayApi": True, "kserveIngressGateway": f"{GATEWAY}/inner"},
        "localModel": {"enabled": True},
        "storageInitializer": {"image": FETCHER},
        "autoscaling-wva-controller-config": {"prometheus": {"url": "http://prometheus.monitoring.svc:9090"}},
    }
    data = {key: value for key, value in shipped["data"].items() if key != "_example"}
    return {**data, **{key: json.dumps({**json.loads(data.get(key, "{}")), **more}) for key, more in changed.items()}}


def secured(storage: Mapping[str, Any]) -> dict[str, Any]:
    """KServe's container that fetches weights, as its chart has it (kserve.storage)."""
    security = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    container = {**storage["spec"]["container"], "image": FETCHER, "securityContext": security}
    return {**storage, "spec": {**storage["spec"], "container": container}}


def webhooks(configuration: Mapping[str, Any], name: str, port_of: Any, authority: str) -> dict[str, Any]:
    """A webhook configuration whose webhooks are processes of this machine."""
    hooks = []
    for hook in configuration["webhooks"]:
        path = hook["clientConfig"]["service"]["path"]
        client = {"url": f"https://127.0.0.1:{port_of(path)}{path}", "caBundle": authority}
        hooks.append({**hook, "clientConfig": client})
    return {**configuration, "metadata": {"name": name}, "webhooks": hooks}


def _port_of(path: str, ports: Mapping[str, int]) -> int:
    if "llminferenceservice" in path:
        return ports[f"{LLMISVC_CONTROLLER.name}-webhook"]
    lws = "leaderworkerset" in path or path.endswith("--v1-pod")
    return ports[f"{(LWS_CONTROLLER if lws else KSERVE_CONTROLLER).name}-webhook"]


def _manifests(part: Part, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((part.folder / "manifests" / f"{name}.yaml").read_text()))


def _ports(plane: ControlPlane) -> dict[str, int]:
    """Two free ports a controller, kept while any of them lives."""
    file = plane.folder / "controllers.json"
    if file.exists() and any(running(plane.folder / f"{part.name}.pid") for part in CONTROLLERS):
        kept: dict[str, int] = json.loads(file.read_text())
        return kept
    names = [f"{part.name}-{use}" for part in CONTROLLERS for use in ("webhook", "probe")]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    write_private(file, json.dumps(ports))
    return ports


def _process(plane: ControlPlane, part: Part, ports: Mapping[str, int]) -> Process:
    webhook, probe = ports[f"{part.name}-webhook"], ports[f"{part.name}-probe"]
    temporary = plane.folder / part.name
    served = pair(plane.certificates, "server")
    certificates = temporary / "k8s-webhook-server" / "serving-certs"  # where controller-runtime looks by default
    certificates.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(served.certificate, certificates / "tls.crt")
    write_private(certificates / "tls.key", served.key.read_text())
    if part is LWS_CONTROLLER:
        arguments = ["--config", str(_lws_settings(plane, webhook, probe, certificates))]
    else:
        arguments = [f"--webhook-port={webhook}", f"--health-probe-addr=127.0.0.1:{probe}", "--metrics-addr=0"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "KUBECONFIG": str(plane.folder / "lab.kubeconfig"),
        "POD_NAMESPACE": "kserve",
        "GOGC": "50",
    }
    return Process(
        name=part.name,
        command=[str(part.folder / part.program), *arguments],
        folder=plane.folder,
        environment=environment,
    )


def _lws_settings(plane: ControlPlane, webhook: int, probe: int, certificates: Path) -> Path:
    settings = {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "health": {"healthProbeBindAddress": f"127.0.0.1:{probe}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"port": webhook, "certDir": str(certificates)},
        "internalCertManagement": {"enable": False},
    }
    file = plane.folder / "leader-worker-set.yaml"
    write_private(file, yaml.safe_dump(settings))
    return file
