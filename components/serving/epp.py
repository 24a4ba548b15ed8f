# SPDX-License-Identifier: MPL-2.0
"""Configuration of the endpoint picker (EPP), in the dialect of the release's picker."""

from typing import Any, Literal

from andel.release.pins import EppDialect

STRATEGIES: dict[str, dict[str, int]] = {
    "balanced": {"queue-scorer": 2, "kv-cache-utilization-scorer": 2, "prefix-cache-scorer": 3},
}
"""Weights of each strategy's scorers (source of `balanced`: the default of the llm-d router's chart)."""


def picker_config(strategy: Literal["balanced"], dialect: EppDialect) -> dict[str, Any]:
    """An EndpointPickerConfig.

    Raises:
        ValueError: the strategy needs a plugin that the release's picker doesn't have.
    """
    scorers = STRATEGIES[strategy]
    plugins = ["single-profile-handler", *scorers, "max-score-picker"]
    if unknown := set(plugins) - dialect.plugins:
        raise ValueError(f"picker {dialect.version} has no plugin {', '.join(sorted(unknown))}")
    return {
        "apiVersion": dialect.config_api_version,
        "kind": "EndpointPickerConfig",
        "plugins": [{"type": plugin} for plugin in plugins],
        "schedulingProfiles": [
            {
                "name": "default",
                "plugins": [
                    *({"pluginRef": scorer, "weight": weight} for scorer, weight in scorers.items()),
                    {"pluginRef": "max-score-picker"},
                ],
            }
        ],
    }
