# SPDX-License-Identifier: MPL-2.0
"""Ways out of a member's walls, as requests to the API server, with what refuses them."""

from typing import Any

from config.names import ACCOUNT

from .callers import in_namespace, thing

HOME, NEIGHBOUR = "andel-m-aarhus", "andel-m-odense"
GATEWAY_API = "/apis/gateway.networking.k8s.io"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


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
