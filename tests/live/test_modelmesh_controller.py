# SPDX-License-Identifier: MPL-2.0
"""modelmesh-serving's own controller (0.12.0) makes pods of what we write, with the rights and settings we give it.

It runs as a process of this machine, as the service account that stands on the cluster. Its pods run on nodes that KWOK
plays, in a namespace that admits *restricted* alone. ModelMesh itself (Java) is not here: what it does with our runtime
is written down in docs/modelmesh.md.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from modelmesh_vllm.settings import RuntimeSettings

from andel.lab import engine, lifecycle, processes
from andel.lab.api import ApiServer
from andel.lab.build import build
from andel.lab.certificates import pair
from andel.lab.folders import LabFolder
from andel.lab.modelmesh_part import MODELMESH_CONTROLLER, SETTINGS_FOLDER
from andel.lab.processes import Process, await_page, free_ports, start
from components.modelmesh.names import CONNECTION, CONTROLLER, PODS_TLS, SERVICE
from config.names import SERVING
from tests.conftest import ROOT
from tests.engine.laboratory import Laboratory, objects
from tests.support.waiting import until

from .claims import bring_claims

pytestmark = pytest.mark.live

STACK = ROOT / "tests/environments/Pulumi.modelmesh.yaml"
SECRETS = f"/api/v1/namespaces/{SERVING}/secrets"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SERVING}/deployments"
RUNTIMES = f"/apis/serving.kserve.io/v1alpha1/namespaces/{SERVING}/servingruntimes"
DISKS = ("weights", "adapters")
PREDICTORS = f"/apis/serving.kserve.io/v1alpha1/namespaces/{SERVING}/predictors"


@dataclass(frozen=True)
class Standing:
    """The stack, with the controller at work."""

    laboratory: Laboratory
    before: set[str]

    @property
    def api(self) -> ApiServer:
        return self.laboratory.api


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    build((MODELMESH_CONTROLLER,))
    lab = LabFolder(root=tmp_path_factory.mktemp("live-modelmesh"), stacks=STACK.parent)
    laboratory = Laboratory(lab, "modelmesh")
    note = None
    try:
        lifecycle.up(lab, "modelmesh", laboratory.environment)
        engine.select(lab, "modelmesh")
        before = objects(laboratory.api)
        laboratory.deploy()
        certify(laboratory)
        bring_claims(laboratory.api, DISKS)
        note = run_controller(laboratory, tmp_path_factory.mktemp("controller"))
        yield Standing(laboratory, before)
    finally:
        if note is not None:
            processes.stop(note)
        lifecycle.down(lab)


def certify(laboratory: Laboratory) -> None:
    """Do what cert-manager would: keys of its own in Secrets, one of which holds a key of ours beside them."""
    files = pair(laboratory.plane.certificates, "server")
    text = {
        "tls.crt": files.certificate.read_text(),
        "tls.key": files.key.read_text(),
        "ca.crt": (laboratory.plane.certificates / "ca.crt").read_text(),
    }
    for name in (PODS_TLS, CONNECTION):
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": text}
        laboratory.api.apply(f"{SECRETS}/{name}", body)


def run_controller(laboratory: Laboratory, folder: Path) -> Path:
    """The controller, told by the very objects that stand on the cluster; the note of its process."""
    api, plane = laboratory.api, laboratory.plane
    written = (api.get(f"/api/v1/namespaces/{SERVING}/configmaps/{CONTROLLER}") or {})["data"]
    spec = (api.get(f"{DEPLOYMENTS}/{CONTROLLER}") or {})["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for path, content in (
        (folder / SETTINGS_FOLDER / "config-defaults.yaml", written["config-defaults.yaml"]),
        (folder / "config/internal/base/deployment.yaml.tmpl", written["deployment.yaml.tmpl"]),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(content)
    certificates = folder / "k8s-webhook-server" / "serving-certs"
    certificates.mkdir(parents=True)
    files = pair(plane.certificates, "server")
    shutil.copyfile(files.certificate, certificates / "tls.crt")
    shutil.copyfile(files.key, certificates / "tls.key")
    kubeconfig = yaml.safe_load((plane.folder / "lab.kubeconfig").read_text())
    for user in kubeconfig["users"]:
        user["user"]["as"] = f"system:serviceaccount:{SERVING}:{spec['serviceAccountName']}"
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig))
    (folder / "kubeconfig").chmod(0o600)
    (probe,) = free_ports(1)
    process = Process(
        name="modelmesh-controller",
        command=[
            str(MODELMESH_CONTROLLER.folder / MODELMESH_CONTROLLER.program),
            *container["args"],
            f"--health-probe-bind-address=127.0.0.1:{probe}",
        ],
        folder=folder,
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "KUBECONFIG": str(folder / "kubeconfig"),
            "POD_NAME": f"{CONTROLLER}-1-1",
            **{one["name"]: one["value"] for one in container["env"] if "value" in one},
        },
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{probe}/readyz", 60)
    return process.note


def deployment(api: ApiServer, runtime: str) -> dict[str, Any]:
    path = f"{DEPLOYMENTS}/{SERVICE}-{runtime}"
    until(lambda: api.get(path), 90)
    return api.get(path) or {}


def container_of(spec: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in spec["template"]["spec"]["containers"] if one["name"] == name]
    return dict(found)


def within(ours: Any, theirs: Any) -> bool:
    """Whether what we wrote stands, whatever was added."""
    match ours, theirs:
        case dict(), dict():
            return all(key in theirs and within(value, theirs[key]) for key, value in ours.items())
        case list(), list():
            return all(any(within(one, other) for other in theirs) for one in ours)
        case _:
            return bool(str(ours) == str(theirs))


@pytest.mark.parametrize("runtime", ["andel-shared", "andel-doubled"])
def test_its_deployment_holds_our_container_as_written(standing: Standing, runtime: str) -> None:
    written = standing.api.get(f"{RUNTIMES}/{runtime}") or {}
    made = deployment(standing.api, runtime)["spec"]
    (ours,) = written["spec"]["containers"]
    assert within(ours, container_of(made, "vllm"))
    assert made["replicas"] == written["spec"]["replicas"]
    assert within(written["spec"]["volumes"], made["template"]["spec"]["volumes"])
    assert within(written["spec"]["nodeSelector"], made["template"]["spec"]["nodeSelector"])
    assert made["strategy"]["rollingUpdate"]["maxSurge"] == 0  # a second pod would want a second GPU


def test_modelmesh_beside_it_is_told_what_it_needs(standing: Standing) -> None:
    mm = container_of(deployment(standing.api, "andel-shared")["spec"], "mm")
    told = {one["name"]: one.get("value") for one in mm["env"]}
    assert told["INTERNAL_GRPC_PORT"] == told["INTERNAL_SERVING_GRPC_PORT"] == "8085"
    assert told["KV_STORE"] == "etcd:/opt/kserve/mmesh/etcd/etcd_connection"
    assert told["MM_TLS_CLIENT_AUTH"] == "require"
    assert "-Dtas.min_churn_age_ms=45000" in (told["CUSTOM_JVM_ARGS"] or "")
    assert mm["image"].startswith("docker.io/kserve/modelmesh:")


def test_pods_are_admitted_where_restricted_alone_is_and_find_their_gpus(standing: Standing) -> None:
    api, selector = standing.api, f"modelmesh-service%3D{SERVICE}"
    path = f"/api/v1/namespaces/{SERVING}/pods?labelSelector={selector}"
    try:
        until(lambda: [pod["status"].get("phase") for pod in api.items(path)] == 3 * ["Running"], 120)
    except AssertionError:
        events = api.items(f"/api/v1/namespaces/{SERVING}/events")
        states = [(pod["metadata"]["name"], pod["status"]) for pod in api.items(path)]
        raise AssertionError(states, [one["message"] for one in events if one.get("type") == "Warning"]) from None
    for pod in api.items(path):
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert not [one for one in pod["spec"]["volumes"] if "projected" in one]
        assert pod["metadata"]["labels"]["andel/modelmesh"] in ("shared", "doubled")


def test_the_runtime_is_told_what_it_understands(standing: Standing) -> None:
    for profile in ("shared", "doubled"):
        path = f"/api/v1/namespaces/{SERVING}/configmaps/andel-{profile}"
        RuntimeSettings.model_validate_json((standing.api.get(path) or {})["data"]["settings.json"])


def test_predictors_are_its_business(standing: Standing) -> None:
    """It has taken them up: they wait for a pod of their runtime, which on played nodes never answers."""
    names = {one["metadata"]["name"] for one in standing.api.items(PREDICTORS)}
    assert names == {"text", "embedding", "adapted", "building-permits", "social-services", "large"}

    def taken() -> bool:
        states = [one.get("status", {}) for one in standing.api.items(PREDICTORS)]
        return all(state.get("transitionStatus") != "InvalidSpec" and "activeModelState" in state for state in states)

    until(taken, 60)


def test_a_second_up_writes_nothing_with_the_controller_at_work(standing: Standing) -> None:
    deployment(standing.api, "andel-shared")
    writes = len(standing.laboratory.writes())
    standing.laboratory.deploy("--expect-no-changes")
    assert len(standing.laboratory.writes()) == writes


def test_destroy_takes_what_the_controller_made(standing: Standing) -> None:
    standing.laboratory.destroy()
    # The tls Secret stands for cert-manager's, and goes with its namespace. Volumes stay: operations brought them.
    until(
        lambda: objects(standing.api) - standing.before == {f"/api/v1//persistentvolumes/{name}" for name in DISKS}, 120
    )
