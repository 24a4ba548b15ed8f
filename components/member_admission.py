# SPDX-License-Identifier: MPL-2.0
"""What no right can say: fields that reach outside a namespace although the object stands inside it.

A ValidatingAdmissionPolicy (admissionregistration.k8s.io/v1, Kubernetes 1.30 and newer) over all members' namespaces,
found by their label: one for all, so that joining doesn't touch it.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import LABEL, MUNICIPALITY

from .application_keys import WATCHED
from .metadata import metadata

NAME = "andel-members"
"""Name of policy and binding."""

LABELS = f"k.startsWith('app.kubernetes.io/') || k.startsWith('{LABEL}/') || k == '{WATCHED}'"
"""CEL: labels that objects of a member may carry. Others are signs to controllers of the platform: Grafana's sidecar,
for one, takes dashboards and data sources out of any namespace."""

KINDS = ("configmaps", "persistentvolumeclaims", "secrets", "services")
"""Kinds that are looked at."""

RULES: tuple[tuple[str, str, str], ...] = (
    (
        "*",
        f"!has(object.metadata.labels) || object.metadata.labels.all(k, {LABELS})",
        "labels of other makers are signs to the platform's controllers",
    ),
    (
        "services",
        "!has(object.spec.externalIPs) || object.spec.externalIPs.size() == 0",
        "a Service with external addresses would take traffic that is meant for others (CVE-2020-8554)",
    ),
    ("services", "object.spec.type == 'ClusterIP'", "a Service here is reached from inside the cluster alone"),
    (
        "secrets",
        "object.type != 'kubernetes.io/service-account-token'",
        "tokens of the account are asked for and end; none is kept",
    ),
    (
        "persistentvolumeclaims",
        "request.operation != 'CREATE' || !has(object.spec.volumeName)",
        "a disk by its name may be somebody else's",
    ),
    (
        "persistentvolumeclaims",
        "!has(object.spec.dataSourceRef) || !has(object.spec.dataSourceRef.namespace)",
        "a disk is not filled from another namespace",
    ),
)
"""Plural (`*` for all), what has to hold (CEL), and why."""


class MemberAdmission(pulumi.ComponentResource):
    """The policy, and its binding to members' namespaces."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:MemberAdmission", name, None, opts)
        policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
            f"{name}-policy", metadata=metadata(NAME), spec=policy_spec(), opts=pulumi.ResourceOptions(parent=self)
        )
        kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-binding",
            metadata=metadata(NAME),
            spec=binding_spec(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})


def policy_spec() -> dict[str, Any]:
    """Every rule, for whoever writes there. What can't be judged is refused."""
    looked_at = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": list(KINDS),
    }
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [looked_at]},
        "validations": [
            {"expression": concerned(plural, cel), "message": why, "reason": "Forbidden"} for plural, cel, why in RULES
        ],
    }


def concerned(plural: str, cel: str) -> str:
    """CEL: the rule, for objects of its kind."""
    return cel if plural == "*" else f"request.resource.resource != '{plural}' || ({cel})"


def binding_spec() -> dict[str, Any]:
    """Where it holds: in namespaces that are a member's."""
    members = {"matchExpressions": [{"key": MUNICIPALITY, "operator": "Exists"}]}
    return {"policyName": NAME, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": members}}
