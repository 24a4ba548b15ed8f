# SPDX-License-Identifier: MPL-2.0
"""Hops beyond the edge: the inner gateway, back ends outside, guardrails, and what is retried where."""

from typing import Any

import pytest

from components.guardrail import endpoint as guardrail_endpoint
from components.guardrail import policy as guardrail_policy
from components.inner_hop import InnerHopArgs, first, service
from components.model_route import ModelRouteArgs, policy, rules
from components.overflow import OverflowArgs, objects
from components.route_policy import RoutePolicyArgs
from components.route_policy import spec as route_policy
from components.serving.endpoint import Endpoint
from config.environment import Environment
from config.judge import judge
from tests.config.edits import edited, environment_of

from .routing import holds

DOCUMENT = environment_of("tests/environments/Pulumi.routes.yaml")


def specs(name: str) -> dict[str, dict[str, Any]]:
    args = OverflowArgs(name=name, backend=judge(DOCUMENT).overflow[name])
    return {kind: spec for _, kind, spec in objects(args)}


def test_what_leaves_goes_by_the_exit() -> None:
    for name in ("sweden", "own-centre"):
        backend, host = specs(name)["Backend"], f"overflow-{name}.andel-gateway.svc.cluster.local"
        assert backend["endpoints"] == [{"fqdn": {"hostname": host, "port": 443}}]
        authorities = [{"group": "", "kind": "Secret", "name": "exit-tls"}]
        assert backend["tls"] == {"caCertificateRefs": authorities, "sni": host, "minVersion": "1.2"}
        # Taken off at the edge it would be gone for the record and the limiter too.
        assert "headerMutation" not in specs(name)["AIServiceBackend"]


def test_each_back_end_speaks_its_api_and_has_its_key() -> None:
    azure, plain = specs("sweden"), specs("own-centre")
    assert azure["AIServiceBackend"]["schema"] == {"name": "AzureOpenAI", "version": "2024-10-21"}
    assert plain["AIServiceBackend"]["schema"] == {"name": "OpenAI", "prefix": "/openai/v1"}
    assert azure["BackendSecurityPolicy"]["azureAPIKey"] == {"secretRef": {"name": "azure-key"}}
    assert plain["BackendSecurityPolicy"]["apiKey"] == {"secretRef": {"name": "centre-key"}}


def retried(overflows: bool) -> dict[str, Any]:
    args = RoutePolicyArgs(route="m", namespace="n", idle_seconds=5, labels={}, overflows=overflows)
    written = route_policy(args)
    assert written["mergeType"] == "StrategicMerge"  # without it the route would have no limits
    retry: dict[str, Any] = written["retry"]
    return retry


def test_nothing_that_was_begun_is_asked_twice() -> None:
    """A retried 503 of a model would double the load of what is overloaded already."""
    for overflows in (False, True):
        triggers = set(retried(overflows)["retryOn"]["triggers"])
        assert not triggers & {"5xx", "gateway-error", "reset", "retriable-4xx"}
    assert "httpStatusCodes" not in retried(False)["retryOn"]


def test_a_back_end_outside_has_one_turn_after_ours() -> None:
    retry = retried(True)
    assert retry["retryOn"]["httpStatusCodes"] == [429, 503]
    assert (retry["numRetries"], retry["numAttemptsPerPriority"]) == (1, 1)


def test_the_callers_key_ends_at_the_inner_gateway() -> None:
    assert service()["headerMutation"] == {"remove": ["authorization"]}


def test_the_rank_of_a_request_is_an_objective_of_the_entry() -> None:
    args = InnerHopArgs(host="h", authorities="a", objective_header="x-objective", largest_request="32Mi")
    (header,) = first(args)["headers"]["earlyRequestHeaders"]["set"]
    assert header == {"name": "x-objective", "value": "%REQ(x-andel-model)%-%REQ(x-andel-band)%"}


def test_a_picker_that_is_away_is_no_fault_of_the_request() -> None:
    """Envoy answers 500; overflow looks for 503, and so do clients that come back. A model's own 500 goes through."""
    for kind, expected in (("InferencePool", [(500, "Local", 503)]), ("Service", [])):
        endpoint = Endpoint(kind=kind, name="p", namespace="n", port=80, model="m", aliases={}, metrics_port=None)  # type: ignore[arg-type]
        answers = policy(ModelRouteArgs(model="m", endpoint=endpoint, timeout_seconds=9, idle_seconds=8)).answers
        found = [
            (one["match"]["statusCodes"][0]["value"], one["source"], one["response"]["statusCode"]) for one in answers
        ]
        assert found == expected


@pytest.mark.parametrize(("largest", "window"), [("32Mi", "32Mi"), ("64Ki", "64Ki"), ("10Ki", "64Ki")])
def test_http_2_holds_as_much_of_a_request_as_http_1(largest: str, window: str) -> None:
    """Envoy's own window of 64 KiB would refuse longer prompts at the inner gateway, which is spoken to by HTTP/2."""
    args = InnerHopArgs(host="h", authorities="a", objective_header="x-objective", largest_request=largest)
    written = first(args)
    assert written["connection"] == {"bufferLimit": largest}
    assert written["http2"] == {"initialStreamWindowSize": window}


def inner(kind: Any, model: str, aliases: dict[str, str]) -> list[dict[str, Any]]:
    endpoint = Endpoint(kind=kind, name="p", namespace="n", port=80, model=model, aliases=aliases, metrics_port=None)
    args = ModelRouteArgs(model="m", endpoint=endpoint, timeout_seconds=9, idle_seconds=8, asleep_seconds=7)
    assert policy(args).answers[0]["response"]["header"]["set"] == [{"name": "Retry-After", "value": "7"}]
    return rules(args)


def test_a_pool_takes_all_names_in_one_rule() -> None:
    """A rule has one pool, a pool one match; names of adapters stay as they are."""
    (rule,) = inner("InferencePool", "m", {"b": "b", "a": "a"})
    ((header,),) = [match["headers"] for match in rule["matches"]]
    assert [name for name in ("a", "b", "m", "am", "c") if holds(header, {header["name"]: name})] == ["a", "b", "m"]
    assert rule["backendRefs"][0]["kind"] == "InferencePool"
    assert rule["timeouts"] == {"request": "9s"}


def test_names_that_differ_on_the_wire_are_written_over() -> None:
    written = inner("Service", "m", {"a": "m_a", "b": "b"})
    assert [rule["backendRefs"] for rule in written] == [
        [{"name": "m"}],
        [{"name": "m", "modelNameOverride": "m_a"}],
    ]
    assert [len(rule["matches"]) for rule in written] == [2, 1]


def guarded(**changes: Any) -> Environment:
    return judge(edited(DOCUMENT, {f"guardrail.{key}": value for key, value in changes.items()}))


def test_a_processor_sees_requests_alone_and_fails_as_it_is_said() -> None:
    section = guarded().guardrail
    assert section is not None
    kind, spec = guardrail_policy(section)
    (asked,) = spec["extProc"]
    assert kind == "EnvoyExtensionPolicy"
    assert spec["targetRefs"][0]["name"] == "edge"
    assert asked["processingMode"] == {"request": {"body": "Buffered"}}
    assert (asked["failOpen"], asked["messageTimeout"]) == (True, "500ms")
    closed = guarded(failure="closed", sees="headers").guardrail
    assert closed is not None
    (strict,) = guardrail_policy(closed)[1]["extProc"]
    assert strict["failOpen"] is False
    assert strict["processingMode"] == {"request": {}}


@pytest.mark.parametrize("body", [None, 65536])
def test_an_authorization_stands_at_the_inner_gateway(body: int | None) -> None:
    """A second one at the edge would stand in the place of identity."""
    plain: dict[str, Any] = {
        "guardrail": {"kind": "authorization", "service": "s", "namespace": "n", "port": 1, "tls": None},
        "overflow": {},
        "models.text.overflow": None,
        "models.harmless.overflow": None,
    }
    section = judge(edited(DOCUMENT, {**plain, **({"guardrail.bodyBytes": body} if body else {})})).guardrail
    assert section is not None
    kind, spec = guardrail_policy(section)
    assert kind == "SecurityPolicy"
    assert spec["targetRefs"][0]["name"] == "inner"
    assert spec["extAuth"].get("bodyToExtAuth") == (None if body is None else {"maxRequestBytes": body})
    assert guardrail_endpoint(section)["appProtocols"] == ["gateway.envoyproxy.io/h2c"]
