# SPDX-License-Identifier: MPL-2.0
"""Ways out of the walls, tried as a municipality's own account on a real API server.

Its program and pipeline are trusted, its config is not; here even a program of its own is tried: whatever that account
sends is refused. What only rights forbid passes for an administrator, so the request itself is good; what is forbidden
to everybody has a near miss that passes for the account.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from config.names import ACCOUNT
from tests.support.waiting import until

from .laboratory import Laboratory

HOME, NEIGHBOUR = "andel-m-aarhus", "andel-m-odense"
GATEWAY_API = "/apis/gateway.networking.k8s.io"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass(frozen=True)
class Caller:
    """Somebody who talks to the API server."""

    laboratory: Laboratory
    token: str | None = None
    """Of an account; None is an administrator."""

    def status(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """What the server answers to a request that changes nothing."""
        plane = self.laboratory.plane
        own = {"Content-Type": CONTENT[method], **(headers or {})}
        files: dict[str, Any] = {}
        if self.token is not None:
            own["Authorization"] = f"Bearer {self.token}"
        else:
            pair = plane.client("lab")
            files = {"cert_file": str(pair.certificate), "key_file": str(pair.key)}
        pool = urllib3.PoolManager(ca_certs=str(plane.certificates / "ca.crt"), retries=False, **files)
        dry = "" if method == "GET" else ("&" if "?" in path else "?") + "dryRun=All"
        sent = DRY if method == "DELETE" else body or {}
        answer = pool.request(method, f"{plane.server}{path}{dry}", body=json.dumps(sent), headers=own)
        return answer.status, answer.data.decode()


DRY = {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}
"""What a DELETE has to say: with a body, the API server doesn't look at the query."""

CONTENT = {
    "GET": "application/json",
    "POST": "application/json",
    "DELETE": "application/json",
    "PATCH": "application/merge-patch+json",
}


@pytest.fixture(scope="module")
def platform(new_lab: Callable[..., Laboratory]) -> Laboratory:
    """The platform of dev with its members' walls."""
    laboratory = new_lab("dev")
    laboratory.up()
    laboratory.deploy()
    return laboratory


@pytest.fixture(scope="module")
def account(platform: Laboratory) -> Caller:
    """The account of Aarhus, by a token that lasts an hour."""
    path = f"/api/v1/namespaces/{HOME}/serviceaccounts/{ACCOUNT}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return Caller(platform, platform.api.create(path, asked)["status"]["token"])


@pytest.fixture(scope="module")
def administrator(platform: Laboratory) -> Caller:
    """Who may do anything."""
    return Caller(platform)


def thing(kind: str, version: str = "v1", name: str = "escape", **more: Any) -> dict[str, Any]:
    """A manifest."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def in_namespace(namespace: str, plural: str, api: str = "/api/v1") -> str:
    """The address of a kind in a namespace."""
    return f"{api}/namespaces/{namespace}/{plural}"


KEY_LABELS = {"andel/application-key": "theirs", "authorino.kuadrant.io/managed-by": "authorino"}
KEY = thing("Secret", metadata={"labels": KEY_LABELS}, stringData={"api_key": "andel-chosen-by-the-attacker"})
OPEN = thing(
    "NetworkPolicy",
    "networking.k8s.io/v1",
    spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
)
ADMINISTRATOR = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
SELF = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": HOME}]
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
ROUTE_OF_THE_API = thing(
    "HTTPRoute",
    "gateway.networking.k8s.io/v1",
    spec={
        "parentRefs": [{"name": "edge", "namespace": "andel-gateway"}],
        "hostnames": ["api.dev.andel.example"],
        "rules": [{"backendRefs": [{"name": "chat", "port": 8080}]}],
    },
)
GRANT = thing(
    "ReferenceGrant",
    "gateway.networking.k8s.io/v1beta1",
    spec={
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": HOME}],
        "to": [{"group": "", "kind": "Service"}],
    },
)
POD = thing("Pod", spec={"containers": [{"name": "c", "image": "registry.example/c:v1"}]})
TOKEN = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
MONITOR = thing("PodMonitor", "monitoring.coreos.com/v1", spec={"selector": {}, "podMetricsEndpoints": [{"port": "m"}]})
MODEL = thing(
    "InferenceService", "serving.kserve.io/v1beta1", spec={"predictor": {"model": {"modelFormat": {"name": "x"}}}}
)

Request = tuple[str, str, dict[str, Any] | None]

BEYOND_ITS_RIGHTS: dict[str, Request] = {
    "a key in a neighbour's name": ("POST", in_namespace(NEIGHBOUR, "secrets"), KEY),
    "a key in the gateway's namespace": ("POST", in_namespace("andel-gateway", "secrets"), KEY),
    "a neighbour's keys": ("GET", in_namespace(NEIGHBOUR, "secrets"), None),
    "everybody's keys by the label": ("GET", "/api/v1/secrets?labelSelector=andel/application-key", None),
    "the platform's settings": ("GET", in_namespace("andel-system", "configmaps"), None),
    "a neighbour's logs": ("GET", in_namespace(NEIGHBOUR, "pods"), None),
    "another tier": (
        "PATCH",
        in_namespace("andel-gateway", "authconfigs/edge", "/apis/authorino.kuadrant.io/v1beta3"),
        {"metadata": {"labels": {"x": "y"}}},
    ),
    "a way out for its pods": ("POST", in_namespace(HOME, "networkpolicies", "/apis/networking.k8s.io/v1"), OPEN),
    "no denial by default": (
        "DELETE",
        in_namespace(HOME, "networkpolicies/default-deny", "/apis/networking.k8s.io/v1"),
        None,
    ),
    "privileged pods by its namespace's label": (
        "PATCH",
        f"/api/v1/namespaces/{HOME}",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
    ),
    "its namespace as another member's": (
        "PATCH",
        f"/api/v1/namespaces/{HOME}",
        {"metadata": {"labels": {"andel/municipality": "odense"}}},
    ),
    "a namespace that looks like a member's": ("POST", "/api/v1/namespaces", thing("Namespace", name="andel-m-new")),
    "more room": ("PATCH", in_namespace(HOME, "resourcequotas/room"), {"spec": {"hard": {"pods": "9999"}}}),
    "no limits": ("DELETE", in_namespace(HOME, "limitranges/containers"), None),
    "the API's host": ("POST", in_namespace(HOME, "httproutes", f"{GATEWAY_API}/v1"), ROUTE_OF_THE_API),
    "a neighbour's chat": (
        "PATCH",
        in_namespace(HOME, "httproutes/chat", f"{GATEWAY_API}/v1"),
        {"spec": {"hostnames": ["odense.chat.dev.andel.example"]}},
    ),
    "a grant to itself at a neighbour's": (
        "POST",
        in_namespace(NEIGHBOUR, "referencegrants", f"{GATEWAY_API}/v1beta1"),
        GRANT,
    ),
    "the rights of everybody": (
        "POST",
        f"{RBAC}/clusterrolebindings",
        thing("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", subjects=SELF, roleRef=ADMINISTRATOR),
    ),
    "an administrator's rights in its namespace": (
        "POST",
        in_namespace(HOME, "rolebindings", RBAC),
        thing("RoleBinding", "rbac.authorization.k8s.io/v1", subjects=SELF, roleRef=ADMINISTRATOR),
    ),
    "a role of every right": (
        "POST",
        in_namespace(HOME, "roles", RBAC),
        thing("Role", "rbac.authorization.k8s.io/v1", rules=EVERYTHING),
    ),
    "more rights in its own role": ("PATCH", in_namespace(HOME, f"roles/{ACCOUNT}", RBAC), {"rules": EVERYTHING}),
    "a neighbour's account": ("POST", in_namespace(NEIGHBOUR, f"serviceaccounts/{ACCOUNT}/token"), TOKEN),
    "a longer life for its own": ("POST", in_namespace(HOME, f"serviceaccounts/{ACCOUNT}/token"), TOKEN),
    "a pod without a Deployment": ("POST", in_namespace("andel-serving", "pods"), POD),
    "nodes": ("GET", "/api/v1/nodes", None),
    "a disk by its name": ("GET", "/api/v1/persistentvolumes", None),
    "the platform's eyes": ("POST", in_namespace(HOME, "podmonitors", "/apis/monitoring.coreos.com/v1"), MONITOR),
    "a model on the platform's GPUs": (
        "POST",
        in_namespace(HOME, "inferenceservices", "/apis/serving.kserve.io/v1beta1"),
        MODEL,
    ),
    "no admission": (
        "DELETE",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/andel-members",
        None,
    ),
}
"""What is refused by the account's rights, and would pass for an administrator."""


@pytest.mark.parametrize("name", BEYOND_ITS_RIGHTS)
def test_rights_end_at_the_walls(name: str, account: Caller, administrator: Caller) -> None:
    method, path, body = BEYOND_ITS_RIGHTS[name]
    status, answer = account.status(method, path, body)
    assert status == 403, answer
    passed, answer = administrator.status(method, path, body)
    # Pods of an administrator are *restricted* too: that request is good, and refused by another wall.
    assert passed < 300 or "PodSecurity" in answer, answer


def test_nobody_is_impersonated(account: Caller) -> None:
    assert account.status("GET", "/api/v1/nodes", headers={"Impersonate-User": "andel-lab"})[0] == 403
    masters = {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}
    assert account.status("GET", "/api/v1/nodes", headers=masters)[0] == 403


def service(**spec: Any) -> dict[str, Any]:
    """A Service of its own."""
    return thing("Service", spec={"selector": {"x": "y"}, "ports": [{"port": 80}], **spec})


def claim(**spec: Any) -> dict[str, Any]:
    """A disk of its own."""
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return thing("PersistentVolumeClaim", spec={**asked, **spec})


def restricted(**container: Any) -> dict[str, Any]:
    """A Pod that *restricted* admits, with changes to its container."""
    context = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {"name": "c", "image": "registry.example/c:v1", "securityContext": context, **container}


def deployment(**spec: Any) -> dict[str, Any]:
    """A Deployment of its own."""
    labels = {"app.kubernetes.io/name": "escape"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [restricted()], **spec}}
    return thing("Deployment", "apps/v1", spec={"selector": {"matchLabels": labels}, "template": template})


def asleep() -> dict[str, Any]:
    """One without pods."""
    plain = deployment()
    return {**plain, "spec": {**plain["spec"], "replicas": 0}}


def filled(characters: int) -> dict[str, str]:
    """Data of a size, in entries of 1000 characters."""
    return {f"{number:03}": "x" * 997 for number in range(characters // 1000)}


ELSEWHERE = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "x", "namespace": NEIGHBOUR}
KEPT = {"kubernetes.io/service-account.name": ACCOUNT}

BEYOND_EVERYBODYS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "others' traffic by their address": ("services", service(externalIPs=["192.0.2.1"]), "CVE-2020-8554", service()),
    "a name outside": (
        "services",
        service(type="ExternalName", externalName="metadata.example"),
        "inside the cluster alone",
        service(type="ClusterIP"),
    ),
    "a load balancer": ("services", service(type="LoadBalancer"), "inside the cluster alone", service()),
    "a dashboard in everybody's Grafana": (
        "configmaps",
        thing("ConfigMap", metadata={"labels": {"grafana_dashboard": "1"}}),
        "signs to the platform",
        thing("ConfigMap", metadata={"labels": {"andel/dashboard": "1"}}),
    ),
    "a data source in everybody's Grafana": (
        "secrets",
        thing("Secret", metadata={"labels": {"grafana_datasource": "1"}}),
        "signs to the platform",
        KEY,
    ),
    "a token that never ends": (
        "secrets",
        thing("Secret", type="kubernetes.io/service-account-token", metadata={"annotations": KEPT}),
        "none is kept",
        thing("Secret", type="Opaque", metadata={"annotations": KEPT}),
    ),
    "a disk by its name": ("persistentvolumeclaims", claim(volumeName="pv-of-odense"), "somebody else's", claim()),
    "a disk by its labels": (
        "persistentvolumeclaims",
        claim(selector={"matchLabels": {"of": "odense"}}),
        "by its labels",
        claim(),
    ),
    "a disk out of a neighbour's": (
        "persistentvolumeclaims",
        claim(dataSourceRef=ELSEWHERE),
        "another namespace",
        claim(dataSourceRef={key: one for key, one in ELSEWHERE.items() if key != "namespace"}),
    ),
    "everybody's etcd by one ConfigMap": (
        "configmaps",
        thing("ConfigMap", data=filled(132_000)),
        "128 KiB",
        thing("ConfigMap", data=filled(128_000)),
    ),
    "everybody's etcd by what a Secret is annotated with": (
        "secrets",
        thing("Secret", metadata={"annotations": filled(132_000)}),
        "128 KiB",
        thing("Secret", metadata={"annotations": filled(128_000)}),
    ),
    "pods that push others away": (
        "deployments",
        deployment(priorityClassName="system-node-critical"),
        "pushes nobody",
        deployment(),
    ),
    "a pod past the scheduler": ("deployments", deployment(nodeName="gpu-1"), "pushes nobody", deployment()),
    "more disk than its room": (
        "persistentvolumeclaims",
        claim(resources={"requests": {"storage": "101Gi"}}),
        "exceeded quota",
        claim(resources={"requests": {"storage": "100Gi"}}),
    ),
}
"""What is refused to whoever asks: an address, an object, why, and a near miss that passes for the account."""


@pytest.mark.parametrize("name", BEYOND_EVERYBODYS)
def test_fields_that_reach_outside_are_refused(name: str, account: Caller) -> None:
    plural, body, why, near = BEYOND_EVERYBODYS[name]
    path = in_namespace(HOME, plural, "/apis/apps/v1" if plural == "deployments" else "/api/v1")
    status, answer = account.status("POST", path, body)
    assert status == 403, answer
    assert why in answer
    passed, answer = account.status("POST", path, near)
    assert passed < 300, answer


def test_a_claim_takes_no_disk_by_its_name_later_but_the_volume_binder_gives_it_one(
    account: Caller, platform: Laboratory
) -> None:
    """Kubernetes lets `volumeName` be written once onto a claim that waits."""
    path = in_namespace(HOME, "persistentvolumeclaims")
    api = platform.api
    api.create(path, {**claim(storageClassName="waiting"), "metadata": {"name": "waits"}})
    status, answer = account.status("PATCH", f"{path}/waits", {"spec": {"volumeName": "pv-of-odense"}})
    assert status == 403, answer
    assert "somebody else's" in answer
    assert account.status("PATCH", f"{path}/waits", {"metadata": {"annotations": {"x": "y"}}})[0] == 200
    volume = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "waiting",
        "csi": {"driver": "none.example", "volumeHandle": "h"},
    }
    api.create("/api/v1/persistentvolumes", thing("PersistentVolume", name="made", spec=volume))
    until(lambda: bound(platform, f"{path}/waits") == "made")
    # A claim that is bound can still be changed by who owns it.
    assert account.status("PATCH", f"{path}/waits", {"metadata": {"annotations": {"x": "y"}}})[0] == 200
    api.delete(f"{path}/waits")
    api.delete("/api/v1/persistentvolumes/made")


def bound(platform: Laboratory, path: str) -> str | None:
    """The volume of a claim."""
    name: str | None = (platform.api.get(path) or {"spec": {}})["spec"].get("volumeName")
    return name


NETWORKING = "/apis/networking.k8s.io/v1"
WALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "its rights": (in_namespace(HOME, f"roles/{ACCOUNT}", RBAC), {"rules": []}),
    "who has them": (in_namespace(HOME, f"rolebindings/{ACCOUNT}", RBAC), {"subjects": []}),
    "room": (in_namespace(HOME, "resourcequotas/room"), {"spec": {"hard": {"pods": "9999"}}}),
    "limits": (in_namespace(HOME, "limitranges/containers"), {"spec": {"limits": []}}),
    "the account": (in_namespace(HOME, f"serviceaccounts/{ACCOUNT}"), {"automountServiceAccountToken": True}),
    "denial by default": (in_namespace(HOME, "networkpolicies/default-deny", NETWORKING), {"spec": {"egress": [{}]}}),
    "the chat's host": (
        in_namespace(HOME, "httproutes/chat", f"{GATEWAY_API}/v1"),
        {"spec": {"hostnames": ["odense.chat.dev.andel.example"]}},
    ),
}
"""Objects of the platform in a member's namespace, and a change of each."""

STAFF = "everything-here"


@pytest.fixture(scope="module")
def staff(platform: Laboratory) -> Caller:
    """Who was given every right in the namespace of Aarhus, by mistake or in good faith."""
    accounts = in_namespace(HOME, "serviceaccounts")
    platform.api.create(accounts, thing("ServiceAccount", name=STAFF))
    subjects = [{"kind": "ServiceAccount", "name": STAFF, "namespace": HOME}]
    given = thing("RoleBinding", "rbac.authorization.k8s.io/v1", name=STAFF, subjects=subjects, roleRef=ADMINISTRATOR)
    platform.api.create(in_namespace(HOME, "rolebindings", RBAC), given)
    token = platform.api.create(f"{accounts}/{STAFF}/token", TOKEN)["status"]["token"]
    caller = Caller(platform, token)
    until(lambda: caller.status("GET", in_namespace(HOME, "resourcequotas"))[0] == 200)
    return caller


@pytest.mark.parametrize("name", WALLS)
def test_walls_stand_whatever_rights_somebody_has_in_the_namespace(
    name: str, staff: Caller, account: Caller, administrator: Caller
) -> None:
    path, change = WALLS[name]
    for method, body in (("DELETE", None), ("PATCH", change)):
        status, answer = staff.status(method, path, body)
        assert status == 403, answer
        assert "the platform's to change" in answer
        assert account.status(method, path, body)[0] == 403
        passed, answer = administrator.status(method, path, body)
        assert passed < 300, answer
    if not path.startswith(RBAC):
        added = {**(administrator.laboratory.api.get(path) or {}), "metadata": {"name": "another"}}
        status, answer = staff.status("POST", path.rpartition("/")[0], added)
        assert status == 403, answer


def test_rights_of_its_own_staff_are_the_accounts_to_change(account: Caller) -> None:
    """What keeps walls lets furniture be moved."""
    role = thing("Role", "rbac.authorization.k8s.io/v1", rules=[])
    status, answer = account.status("POST", in_namespace(HOME, "roles", RBAC), role)
    assert status == 201, answer


COUNTED: dict[str, tuple[str, dict[str, Any]]] = {
    "services": (in_namespace(HOME, "services"), service()),
    "persistentvolumeclaims": (in_namespace(HOME, "persistentvolumeclaims"), claim()),
    "secrets": (in_namespace(HOME, "secrets"), thing("Secret")),
    "configmaps": (in_namespace(HOME, "configmaps"), thing("ConfigMap")),
    "deployments.apps": (in_namespace(HOME, "deployments", "/apis/apps/v1"), asleep()),
    "poddisruptionbudgets.policy": (
        in_namespace(HOME, "poddisruptionbudgets", "/apis/policy/v1"),
        thing("PodDisruptionBudget", "policy/v1", spec={"maxUnavailable": 1, "selector": {}}),
    ),
    "roles.rbac.authorization.k8s.io": (
        in_namespace(HOME, "roles", RBAC),
        thing("Role", "rbac.authorization.k8s.io/v1", rules=[]),
    ),
    "rolebindings.rbac.authorization.k8s.io": (
        in_namespace(HOME, "rolebindings", RBAC),
        thing(
            "RoleBinding",
            "rbac.authorization.k8s.io/v1",
            subjects=SELF,
            roleRef={**ADMINISTRATOR, "kind": "Role", "name": ACCOUNT},
        ),
    ),
}
"""Every kind that the account writes: an address, and one more of it."""


@pytest.mark.parametrize("kind", COUNTED)
def test_no_kind_is_without_an_end(kind: str, account: Caller, platform: Laboratory) -> None:
    """Filled up for real, to what the quota says; one more is refused. A hundred applications' keys have room."""
    path, one = COUNTED[kind]
    passed, answer = account.status("POST", path, one)
    assert passed == 201, answer
    counted, api = f"count/{kind}", platform.api
    room = api.get(in_namespace(HOME, "resourcequotas/room")) or {}
    left = int(room["spec"]["hard"][counted]) - int(room["status"]["used"][counted])
    names = [f"{number}-of-many" for number in range(left)]
    assert left >= (850 if kind == "secrets" else 15)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: api.create(path, {**one, "metadata": {"name": name}}), names))
        refused, answer = account.status("POST", path, one)
        assert refused == 403, answer
        assert counted in answer
    finally:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: api.delete(f"{path}/{name}"), names))


SPECS: dict[str, tuple[dict[str, Any], str]] = {
    "a privileged container": ({"containers": [restricted(securityContext={"privileged": True})]}, "PodSecurity"),
    "the node's files": (
        {"containers": [restricted()], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        "PodSecurity",
    ),
    "the node's network": ({"containers": [restricted()], "hostNetwork": True}, "PodSecurity"),
    "a GPU past the queue": (
        {"containers": [restricted(resources={"limits": {"nvidia.com/gpu": 1}})]},
        "exceeded quota",
    ),
    "more memory than its room": (
        {"containers": [restricted(resources={"limits": {"memory": "17Gi"}})]},
        "maximum memory",
    ),
}
"""Pods of a Deployment that the account may write, and why none of them comes to be."""


@pytest.mark.parametrize("name", SPECS)
def test_no_pod_of_a_hostile_deployment_comes_to_be(name: str, administrator: Caller) -> None:
    """The Deployment's controller asks for its pods; whoever asks gets the same answer, so an administrator's is it."""
    spec, why = SPECS[name]
    status, answer = administrator.status("POST", in_namespace(HOME, "pods"), thing("Pod", spec=spec))
    assert status == 403, answer
    assert why in answer
    good = thing("Pod", spec={"containers": [restricted()]})
    assert administrator.status("POST", in_namespace(HOME, "pods"), good)[0] < 300


def test_what_it_may_do_it_does(account: Caller, platform: Laboratory) -> None:
    """Walls that refuse everything would pass every test above."""
    until(lambda: account.status("GET", in_namespace(HOME, "secrets"))[0] == 200)
    for plural, body in (("secrets", KEY), ("configmaps", thing("ConfigMap")), ("services", service())):
        status, answer = account.status("POST", in_namespace(HOME, plural), body)
        assert status == 201, answer
