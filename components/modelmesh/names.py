# SPDX-License-Identifier: MPL-2.0
"""Names and ports that ModelMesh's parts know of each other, and their certificates."""

from ..edge.internal_tls import InternalCertificate

SERVICE = "modelmesh-serving"
"""Service of all pods that models share; its controller makes it (source: modelmesh-serving 0.12.0, config.go)."""

CONTROLLER = "modelmesh-controller"
REGISTRY = "modelmesh-etcd"
FRONT = "modelmesh-front"

CONNECTION = "model-serving-etcd"
"""Secret that says how the registry is reached: ours the key `etcd_connection`, cert-manager's the certificate."""

PODS_TLS = "modelmesh-tls"
"""Secret with the certificate of ModelMesh, of pods and of the front, which call each other."""

WEBHOOK_TLS = "modelmesh-webhook-server-cert"
"""Secret with the certificate of the controller's webhook server, without which the controller doesn't start."""

POD_NAME = "modelmesh"
"""Name in the pods' certificate for those who reach them by their addresses."""

GRPC_PORT, METRICS_PORT, REGISTRY_PORT = 8033, 2112, 2379
DATA_PORT, STATUS_PORT = 8443, 9400
MANAGEMENT_PORT = 8085
"""Port on which ModelMesh finds the runtime in its own pod, on loopback."""

SHARED = "andel/modelmesh"
"""Label of pods that models share: the run profile."""


def certificates(namespace: str) -> list[InternalCertificate]:
    """All certificates."""
    return [
        InternalCertificate(
            name=PODS_TLS, namespace=namespace, hosts=[POD_NAME, *hosts(SERVICE, namespace)], client=True
        ),
        InternalCertificate(name=REGISTRY, namespace=namespace, hosts=[*hosts(REGISTRY, namespace), "localhost"]),
        InternalCertificate(name=CONNECTION, namespace=namespace, hosts=[CONTROLLER], client=True),
        InternalCertificate(name=WEBHOOK_TLS, namespace=namespace, hosts=hosts(CONTROLLER, namespace)),
    ]


def hosts(service: str, namespace: str) -> list[str]:
    """Names of a Service."""
    return [service, f"{service}.{namespace}", f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local"]


def runtime_name(profile: str) -> str:
    """Name of the ServingRuntime of a run profile."""
    return f"andel-{profile}"
