# SPDX-License-Identifier: MPL-2.0
"""What a municipality's own people may do in its namespace (rbac.authorization.k8s.io/v1): Roles and who has them.

The account that writes them can give no more than it has: the API server refuses the rest.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.municipality import Staff

from .metadata import metadata

LOOK = ["get", "list", "watch"]

VIEWER: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["pods", "pods/log", "events", "services", "configmaps"], "verbs": LOOK},
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": LOOK},
]
"""See what runs, and its logs. Secrets are not among it."""

OPERATOR: list[dict[str, Any]] = [
    *VIEWER,
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]},
]
"""Also read keys, and start applications anew (`kubectl rollout restart`)."""


@dataclass(frozen=True, kw_only=True)
class StaffRightsArgs:
    """People, and where they may do something."""

    namespace: str
    """The municipality's namespace."""

    staff: Staff
    """Its groups."""


class StaffRights(pulumi.ComponentResource):
    """A Role for viewers and one for operators, where there are any."""

    def __init__(self, name: str, args: StaffRightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:StaffRights", name, None, opts)
        for role, groups, rules in (
            ("viewers", args.staff.viewers, VIEWER),
            ("operators", args.staff.operators, OPERATOR),
        ):
            if groups:
                self._give(f"{name}-{role}", role, args.namespace, groups, rules)
        self.register_outputs({})

    def _give(self, name: str, role: str, namespace: str, groups: tuple[str, ...], rules: list[dict[str, Any]]) -> None:
        placed, child = metadata(role, namespace), pulumi.ResourceOptions(parent=self)
        made = kubernetes.rbac.v1.Role(name, metadata=placed, rules=rules, opts=child)
        kubernetes.rbac.v1.RoleBinding(
            name,
            metadata=placed,
            # Known once the Role is there. The API server looks for it, to see that who binds it has what it gives; a
            # preview of the first `up` would be refused, since it makes none.
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": made.id.apply(lambda _: role)},
            subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": one} for one in groups],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )
