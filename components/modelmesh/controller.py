# SPDX-License-Identifier: MPL-2.0
"""modelmesh-serving's controller 0.12.0, in the models' namespace and watching no other (`NAMESPACE_SCOPE`).

It makes a Deployment of each ServingRuntime, tells ModelMesh of each Predictor, and writes Service `modelmesh-serving`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import yaml

from config.modelmesh import Mesh

from ..edge.workload import container, deployment, mount, pod, secret
from ..metadata import metadata
from .names import CONNECTION, CONTROLLER, GRPC_PORT, METRICS_PORT, PODS_TLS, WEBHOOK_TLS
from .template import TEMPLATE

TLS_FOLDER = "/opt/kserve/mmesh/tls"
"""Where the controller mounts the certificate in ModelMesh's container (source: controllers/modelmesh/tls.go)."""

DEFAULTS = "/etc/model-serving/config/default"
"""Folder in which the controller looks for its settings (source: pkg/config/config.go)."""

CORE = ("get", "list", "watch", "create", "update", "patch", "delete")
READ = ("get", "list", "watch")


@dataclass(frozen=True, kw_only=True)
class ControllerArgs:
    """What it is told."""

    namespace: str
    """Namespace of all models, which it watches."""

    mesh: Mesh
    """The section."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Controller(pulumi.ComponentResource):
    """Account, rights, settings and Deployment."""

    def __init__(self, name: str, args: ControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:Controller", name, None, opts)
        below, placed = pulumi.ResourceOptions(parent=self), metadata(CONTROLLER, args.namespace)
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account", metadata=placed, automount_service_account_token=False, opts=below
        )
        role = kubernetes.rbac.v1.Role(f"{name}-role", metadata=placed, rules=rules(), opts=below)
        binding = kubernetes.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=placed,
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": CONTROLLER},
            subjects=[{"kind": "ServiceAccount", "name": CONTROLLER, "namespace": args.namespace}],
            opts=below,
        )
        told = kubernetes.core.v1.ConfigMap(f"{name}-settings", metadata=placed, data=files(args), opts=below)
        kubernetes.apps.v1.Deployment(
            name,
            metadata=metadata(CONTROLLER, args.namespace, annotations={"pulumi.com/skipAwait": "true"}),
            spec=deployment(CONTROLLER, 1, template(args)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, role, binding, told]),
        )
        self.register_outputs({})


def rules() -> list[dict[str, Any]]:
    """What it may do, in its own namespace (source: config/rbac/namespace-scope/role.yaml). It writes no Secret."""
    return [
        {"apiGroups": [""], "resources": ["configmaps", "services", "services/finalizers"], "verbs": [*CORE]},
        {"apiGroups": [""], "resources": ["endpoints", "persistentvolumeclaims", "secrets"], "verbs": [*READ]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "deployments/finalizers"], "verbs": [*CORE]},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": [*CORE]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": [*CORE]},
        {
            "apiGroups": ["serving.kserve.io"],
            "resources": [
                f"{kind}{part}" for kind in ("predictors", "servingruntimes") for part in ("", "/finalizers", "/status")
            ],
            "verbs": ["get", "list", "watch", "update", "patch"],
        },
    ]


def files(args: ControllerArgs) -> dict[str, str]:
    """Its settings and the template of its Deployments."""
    return {
        "config-defaults.yaml": yaml.safe_dump(settings(args), sort_keys=True),
        "deployment.yaml.tmpl": TEMPLATE,
    }


def settings(args: ControllerArgs) -> dict[str, Any]:
    """Its settings (source: pkg/config/config.go).

    ModelMesh itself evicts nothing that was used in the last 10 minutes (`tas.min_churn_age_ms`, ModelMesh.java), and
    loads a second copy of what was used in the last 40 (`mm.max_second_copy_age_secs`): wrong for models of gigabytes.
    """
    small = {"requests": {"cpu": "300m", "memory": "768Mi"}, "limits": {"cpu": "3", "memory": "768Mi"}}
    # It doesn't start with a youngest age above the oldest, so both are said.
    ages = {"tas.min_churn_age_ms": max(1, args.mesh.churn_seconds * 1000)}
    ages |= {f"mm.{end}_second_copy_age_secs": 0 for end in ("min", "max")}
    variables = {
        "CUSTOM_JVM_ARGS": " ".join(f"-D{key}={value}" for key, value in ages.items()),
        # By this older name alone its start script turns TLS on between its own pods.
        "MM_SVC_GRPC_PRIVATE_KEY_PATH": f"{TLS_FOLDER}/tls.key",
        "MM_INTERNAL_TRUST_CERTS": f"{TLS_FOLDER}/ca.crt",
    }
    return {
        "podsPerRuntime": 1,
        "headlessService": True,
        "inferenceServicePort": GRPC_PORT,
        "modelMeshImage": image(args.images["modelmesh"]),
        "modelMeshResources": small,
        "storageHelperImage": {
            **image(args.images["modelmesh"]),
            "command": [],
        },  # never started: storageHelper.disabled
        "storageHelperResources": small,
        "restProxy": {"enabled": False, "port": 8008, "image": image(args.images["modelmesh"]), "resources": small},
        "scaleToZero": {"enabled": False},
        "allowAnyPVC": False,
        "enableAccessLogging": False,
        "tls": {"secretName": PODS_TLS, "clientAuth": "require"},
        "metrics": {
            "enabled": True,
            "port": METRICS_PORT,
            "scheme": "https",
            "disablePrometheusOperatorSupport": True,  # the platform writes its monitors itself
        },
        "builtInServerTypes": [],
        "internalModelMeshEnvVars": [{"name": key, "value": value} for key, value in variables.items()],
    }


def image(reference: str) -> dict[str, str]:
    """An image as the controller wants it told."""
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    return {"name": repository, **({"digest": digest} if digest else {"tag": tag})}


def template(args: ControllerArgs) -> dict[str, Any]:
    """Its pod. New settings are read at its start alone, so they start it anew."""
    content = "".join(files(args).values())
    template_path = "/config/internal/base/deployment.yaml.tmpl"
    one = container(
        "manager",
        args.images["modelmesh-controller"],
        "512Mi",
        "50m",
        command=["/manager"],
        args=["--enable-leader-election", "--metrics-addr=0"],
        env=[
            *(
                {"name": key, "value": value}
                for key, value in {
                    "NAMESPACE": args.namespace,
                    "NAMESPACE_SCOPE": "true",
                    "ENABLE_ISVC_WATCH": "false",
                    "ENABLE_CSR_WATCH": "false",
                    "ENABLE_SECRET_WATCH": "false",
                    "ETCD_SECRET_NAME": CONNECTION,
                    "CONTROLLER_DEPLOYMENT": CONTROLLER,
                    "SETTINGS": hashlib.sha256(content.encode()).hexdigest()[:16],
                }.items()
            ),
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        readinessProbe={"httpGet": {"path": "/readyz", "port": 8081}, "periodSeconds": 5},
        livenessProbe={"httpGet": {"path": "/healthz", "port": 8081}, "periodSeconds": 10, "failureThreshold": 6},
        volumeMounts=[
            mount("settings", DEFAULTS),
            {**mount("settings", template_path), "subPath": "deployment.yaml.tmpl"},
            mount("certificate", "/tmp/k8s-webhook-server/serving-certs"),
        ],
    )
    volumes = [{"name": "settings", "configMap": {"name": CONTROLLER}}, secret("certificate", WEBHOOK_TLS)]
    made = pod(CONTROLLER, [one], volumes, user=2000, serviceAccountName=CONTROLLER)
    made["spec"]["automountServiceAccountToken"] = True  # it speaks to the API server
    return made
