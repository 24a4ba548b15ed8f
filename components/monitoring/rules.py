# SPDX-License-Identifier: MPL-2.0
"""PrometheusRules (`monitoring.coreos.com/v1`): recording rules and alerts of an environment."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import EppDialect
from config.environment import Environment
from config.monitoring import Monitoring
from config.names import SYSTEM

from ..metadata import metadata
from . import economy, recording
from .alerts import all_alerts
from .objectives import errors
from .recording import Rule

NAME = "andel"
"""Name of the object with all rules."""


@dataclass(frozen=True, kw_only=True)
class RulesArgs:
    """Rules by group, and how Prometheus finds them."""

    groups: dict[str, list[Rule]]
    """Rules by the name of their group. Each has its own turn: what it reads of others may be half a minute old."""

    monitoring: Monitoring
    """The environment's section."""


class Rules(pulumi.ComponentResource):
    """A PrometheusRule."""

    def __init__(self, name: str, args: RulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:monitoring:Rules", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata=metadata(NAME, SYSTEM, labels=args.monitoring.labels),
            spec=spec(args.groups),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def all_rules(environment: Environment, dialect: EppDialect) -> dict[str, list[Rule]]:
    """Every rule of an environment by its group."""
    if environment.monitoring is None:
        return {}
    groups = {
        "andel-declared": recording.declared(environment),
        "andel-model-figures": recording.models(),
        "andel-gpu-figures": recording.gpus(environment.pools),
        "andel-energy-figures": recording.energy(environment),
    }
    if environment.tiers:
        groups["andel-municipality-figures"] = recording.municipalities(dialect)
    if environment.gateway is not None:
        groups["andel-objective-figures"] = errors(environment.monitoring.objectives)
    if environment.economy is not None:
        groups["andel-economy-figures"] = economy.figures(environment)
    return {**groups, **all_alerts(environment, dialect)}


def spec(groups: dict[str, list[Rule]]) -> dict[str, Any]:
    """Spec of a PrometheusRule; `promtool` reads it as a rule file."""
    return {"groups": [{"name": name, "interval": "30s", "rules": rules} for name, rules in groups.items() if rules]}
