# SPDX-License-Identifier: MPL-2.0
"""What no right can say: fields that reach outside a namespace although the object stands inside it.

A ValidatingAdmissionPolicy (admissionregistration.k8s.io/v1, Kubernetes 1.30 and newer) over all members' namespaces,
found by their label: one for all, so that joining doesn't touch it.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import ACCOUNT, LABEL, MUNICIPALITY

from .application_keys import WATCHED
from .metadata import metadata

NAME = "andel-members"
"""Name of policy and binding."""

LABELS = f"k.startsWith('app.kubernetes.io/') || k.startsWith('{LABEL}/') || k == '{WATCHED}'"
"""CEL: labels that objects of a member may carry. Others are signs to controllers of the platform: Grafana's sidecar,
for one, takes dashboards and data sources out of any namespace."""

LARGEST = 128 * 1024
"""Characters of the largest Secret or ConfigMap, as etcd keeps it. The quota counts objects, and one alone could have a
MiB."""

SIZE = " + ".join(
    f"(has(object.{part}) ? object.{part}.map(k, k.size() + object.{part}[k].size()).sum() : 0)"
    for part in ("data", "binaryData", "metadata.annotations")
)
"""CEL: characters of a Secret or ConfigMap, names of its entries among them."""

CLAIMS = ("persistentvolumeclaims",)
KINDS = ("configmaps", "persistentvolumeclaims", "secrets", "services")
"""Kinds of the core group that a member's stack writes."""

DEPLOYMENTS = ("deployments",)

WALLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("limitranges", "resourcequotas", "serviceaccounts")),
    ("networking.k8s.io", ("networkpolicies",)),
    ("gateway.networking.k8s.io", ("httproutes",)),
)
"""Kinds that are the platform's alone in a member's namespace, by API group: whoever may write one there."""

RIGHTS = ("roles", "rolebindings")
"""Kinds of which the platform's are those by the name of the member's account; others are its staff's."""

SAME = "request.operation == 'UPDATE' && has(oldObject.spec.volumeName)"
VOLUMES = "authorizer.group('').resource('persistentvolumes').check('update').allowed()"
"""CEL: whether who asks may change volumes themselves. The volume binder may, which alone sets `volumeName` (source:
Kubernetes 1.36, pv_controller.go and controller_policy.go), whatever user a distribution runs it as. No right in a
namespace gives that."""

EVERYWHERE = (
    "authorizer.group(request.resource.group).resource(request.resource.resource)"
    ".check(request.operation.lowerAscii()).allowed()"
)
"""CEL: whether who asks may do the same in every namespace: the platform's stack and the controllers of the cluster. No
right that ends at a member's namespace says so, whoever gave it."""

WHOSE = "(request.operation == 'DELETE' ? oldObject.metadata.name : object.metadata.name)"

RULES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        KINDS,
        f"!has(object.metadata.labels) || object.metadata.labels.all(k, {LABELS})",
        "labels of other makers are signs to the platform's controllers",
    ),
    (
        ("services",),
        "!has(object.spec.externalIPs) || object.spec.externalIPs.size() == 0",
        "a Service with external addresses would take traffic that is meant for others (CVE-2020-8554)",
    ),
    (("services",), "object.spec.type == 'ClusterIP'", "a Service here is reached from inside the cluster alone"),
    (
        ("secrets",),
        "object.type != 'kubernetes.io/service-account-token'",
        "tokens of the account are asked for and end; none is kept",
    ),
    (
        CLAIMS,
        f"!has(object.spec.volumeName) || ({SAME} && oldObject.spec.volumeName == object.spec.volumeName) || {VOLUMES}",
        "a disk by its name may be somebody else's",
    ),
    (
        CLAIMS,
        # Nobody changes it later (source: Kubernetes, ValidatePersistentVolumeClaimUpdate).
        "request.operation != 'CREATE' || !has(object.spec.selector)",
        "a disk by its labels may be somebody else's",
    ),
    (
        CLAIMS,
        "!has(object.spec.dataSourceRef) || !has(object.spec.dataSourceRef.namespace)",
        "a disk is not filled from another namespace",
    ),
    (
        ("configmaps", "secrets"),
        f"{SIZE} <= {LARGEST}",
        f"larger than {LARGEST // 1024} KiB: files belong on a disk, and what all share stays small",
    ),
    (
        DEPLOYMENTS,
        "!has(object.spec.template.spec.priorityClassName) && !has(object.spec.template.spec.nodeName)",
        "a pod here pushes nobody else's away, and stands where the scheduler puts it",
    ),
    (
        RIGHTS,
        f"{WHOSE} != '{ACCOUNT}' || {EVERYWHERE}",
        "the rights of the account are the platform's to change",
    ),
    (
        tuple(kind for _, kinds in WALLS for kind in kinds),
        EVERYWHERE,
        "walls are the platform's to change",
    ),
)
"""Plurals, what has to hold for them (CEL), and why."""


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
    furniture = [("", KINDS), ("apps", DEPLOYMENTS)]
    walls = [*WALLS, ("rbac.authorization.k8s.io", RIGHTS)]
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                *(looked_at(group, kinds, ["CREATE", "UPDATE"]) for group, kinds in furniture),
                *(looked_at(group, kinds, ["CREATE", "UPDATE", "DELETE"]) for group, kinds in walls),
            ]
        },
        "validations": [
            {"expression": concerned(plurals, cel), "message": why, "reason": "Forbidden"}
            for plurals, cel, why in RULES
        ],
    }


def looked_at(group: str, kinds: tuple[str, ...], operations: list[str]) -> dict[str, Any]:
    """Which requests are judged."""
    return {"apiGroups": [group], "apiVersions": ["*"], "operations": operations, "resources": list(kinds)}


def concerned(plurals: tuple[str, ...], cel: str) -> str:
    """CEL: the rule, for objects of its kinds."""
    return f"!(request.resource.resource in {list(plurals)}) || ({cel})"


def binding_spec() -> dict[str, Any]:
    """Where it holds: in namespaces that are a member's."""
    members = {"matchExpressions": [{"key": MUNICIPALITY, "operator": "Exists"}]}
    return {"policyName": NAME, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": members}}
