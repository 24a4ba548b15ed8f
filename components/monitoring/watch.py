# SPDX-License-Identifier: MPL-2.0
"""What is watched of a whole platform beside its models: the edge, rules over all figures, and dashboards."""

import pulumi

from andel.release.pins import EppDialect
from config.environment import Environment

from .boards import boards
from .dashboards import Dashboards, DashboardsArgs
from .edge_monitors import EdgeMonitors, EdgeMonitorsArgs
from .rules import Rules, RulesArgs, all_rules


def watch(environment: Environment, dialect: EppDialect, opts: pulumi.ResourceOptions) -> None:
    """Write monitors, rules and dashboards of an environment that is monitored."""
    monitoring, gateway = environment.monitoring, environment.gateway
    if monitoring is None:
        return
    Rules("rules", RulesArgs(groups=all_rules(environment, dialect), monitoring=monitoring), opts)
    if monitoring.dashboards:
        Dashboards("dashboards", DashboardsArgs(boards=boards(environment, dialect)), opts)
    if gateway is not None:
        args = EdgeMonitorsArgs(
            proxy_namespace=gateway.proxy_namespace,
            own_authorino=gateway.identity.service is None,
            monitoring=monitoring,
        )
        EdgeMonitors("edge-monitors", args, opts)
