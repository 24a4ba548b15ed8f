# SPDX-License-Identifier: MPL-2.0
"""Store, budget, certificates, the record of requests, and what an Envoy Gateway is told."""

from typing import Any

import pytest

from components.edge.audit import RECORD, access_log, backend, gateway_config
from components.edge.budget import BudgetArgs, envoy, template, variables
from components.edge.edge import certificates
from components.edge.internal_tls import InternalCertificate, authority, certificate, issuer
from components.edge.limits import EdgeLimitsArgs
from components.edge.limits import spec as limits
from components.edge.script import EdgeScriptArgs, script
from components.edge.store import CountsArgs, address, arguments, client_secret, stateful_set
from components.edge.turn_of_year import TurnOfYearArgs, cron_job
from components.gateway import edge_proxy, gateway_spec
from components.operators import gateway_values, limiter
from config.audit import Audit
from config.environment import Environment
from config.gateway import ClusterAuthority, OwnAuthority
from config.limits import ExternalStore, Limits, Valkey

from .arguments import IMAGES, TIERS, edge_args, gateway

EXTERNAL = ExternalStore.model_validate(
    {"kind": "external", "host": "redis.example.dk", "port": 6380, "certificate": "pair"}
)


def test_limits_stand_on_the_whole_gateway_and_a_gateways_own_policy_names_no_merge() -> None:
    written = limits(EdgeLimitsArgs(gateway="edge", tiers=TIERS, limits=Limits(parallel_requests=7)))
    assert written["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"}]
    assert len(written["rateLimit"]["global"]["rules"]) == 6
    assert set(written["circuitBreaker"].values()) == {7}
    assert "mergeType" not in written


@pytest.mark.parametrize(("down", "closed"), [("allow", False), ("refuse", True)])
def test_envoy_gateway_is_told_what_to_do_without_its_limiter(down: str, closed: bool) -> None:
    told = limiter(Limits.model_validate({"whenDown": down}))
    assert told["rateLimit"]["failClosed"] is closed
    assert told["rateLimit"]["backend"]["redis"] == {"url": "limits-store.andel-gateway.svc.cluster.local:6379"}
    deployment = told["provider"]["kubernetes"]["rateLimitDeployment"]
    assert [volume["secret"]["secretName"] for volume in deployment["pod"]["volumes"]] == ["limits-client"]
    variables = {one["name"]: one["value"] for one in deployment["container"]["env"]}
    assert variables["REDIS_TLS"] == "true"
    (mounted,) = deployment["container"]["volumeMounts"]
    files = {"REDIS_TLS_CLIENT_CERT", "REDIS_TLS_CLIENT_KEY", "REDIS_TLS_CACERT"}
    assert all(variables[file].startswith(mounted["mountPath"]) for file in files)


def test_a_store_of_ones_own_is_named_in_its_place() -> None:
    assert (address(EXTERNAL, "n"), client_secret(EXTERNAL)) == ("redis.example.dk:6380", "pair")
    assert (address(Valkey(), "n"), client_secret(Valkey())) == (
        "limits-store.n.svc.cluster.local:6379",
        "limits-client",
    )


def test_every_count_is_on_disk_and_none_is_ever_forgotten() -> None:
    words = arguments()
    told = dict(zip(words[::2], words[1::2], strict=True))
    assert (told["--appendonly"], told["--appendfsync"]) == ("yes", "everysec")
    assert told["--maxmemory-policy"] == "noeviction"
    assert (told["--port"], told["--tls-auth-clients"]) == ("0", "yes")
    store = Valkey.model_validate({"storage": "3Gi", "storageClass": "fast"})
    (claim,) = stateful_set(CountsArgs(namespace="n", store=store, images=IMAGES))["volumeClaimTemplates"]
    assert claim["spec"]["resources"] == {"requests": {"storage": "3Gi"}}
    assert claim["spec"]["storageClassName"] == "fast"


def test_other_settings_start_envoy_gateway_anew(environment: Environment) -> None:
    """It reads them once: without this a changed `whenDown` would hold from its next restart on."""
    gateway = environment.gateway
    assert gateway
    refusing = gateway.model_copy(update={"limits": Limits.model_validate({"whenDown": "refuse"})})
    told = [
        gateway_values(environment.operators, one)["deployment"]["pod"]["annotations"]["andel/config"]
        for one in (gateway, gateway, refusing)
    ]
    assert told[0] == told[1] != told[2]


def test_the_budgets_limiter_listens_to_its_own_pod_alone() -> None:
    told = variables("store:6379")
    assert {told[name] for name in ("HOST", "GRPC_HOST", "DEBUG_HOST")} == {"127.0.0.1"}
    listeners = {one["name"]: one for one in envoy()["static_resources"]["listeners"]}
    (chain,) = listeners["https"]["filter_chains"]
    assert chain["transport_socket"]["name"] == "envoy.transport_sockets.tls"
    (route,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]
    assert route["match"] == {"path": "/json"}


def test_a_changed_budget_comes_with_new_pods() -> None:
    """The limiter reads its file when it starts, and again when the kubelet has renewed it: a minute of old limits."""
    one, other = (
        template(BudgetArgs(namespace="n", store="s:1", store_secret="c", images=IMAGES, tiers=tiers))  # noqa: S106
        for tiers in (TIERS, {"plus": TIERS["plus"]})
    )
    assert one["metadata"] != other["metadata"]


def test_the_old_years_counters_are_carried_over_by_one_script() -> None:
    written = cron_job(TurnOfYearArgs(namespace="n", store="host:6379", store_secret="c", images=IMAGES))  # noqa: S106
    assert (written["schedule"], written["timeZone"]) == ("*/10 * 12-20 12 *", "Etc/UTC")
    (container,) = written["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "-h host -p 6379 --tls" in container["args"][0]


def test_an_authority_of_ones_own_signs_what_is_asked_of_it() -> None:
    assert [kind for _, kind, _, _ in authority(OwnAuthority())] == ["ClusterIssuer", "Certificate", "ClusterIssuer"]
    assert issuer(OwnAuthority()) == "andel-internal"
    assert issuer(ClusterAuthority(kind="cluster-issuer", name="inside")) == "inside"
    server = certificate(InternalCertificate(name="a", namespace="n", hosts=("a.n.svc",)), "x")
    both = certificate(InternalCertificate(name="a", namespace="n", hosts=("a.n.svc",), client=True), "x")
    assert "client auth" not in server["usages"]
    assert "client auth" in both["usages"]


def test_the_limiter_finds_its_certificate_where_envoy_gateway_runs_it() -> None:
    places = {(one.name, one.namespace) for one in certificates(edge_args(proxyNamespace="proxies"))}
    assert {("limits-client", "proxies"), ("limits-client", "andel-gateway")} <= places


CONTENT = {"collector": {"host": "content.example.dk"}, "retentionDays": 30}


def test_a_record_says_who_when_what_and_where_and_never_holds_a_prompt() -> None:
    assert {"municipality", "application", "time", "model", "tokens_in", "tokens_out", "status", "went_to"} <= set(
        RECORD
    )
    assert [value for value in RECORD.values() if "BODY" in value or "AUTHORIZATION" in value.upper()] == []


@pytest.mark.parametrize(
    ("audit", "sinks"), [({}, ["File"]), ({"collector": {"host": "otel.example.dk"}}, ["File", "OpenTelemetry"])]
)
def test_records_go_to_standard_output_always(audit: dict[str, Any], sinks: list[str]) -> None:
    (setting,) = access_log(Audit.model_validate(audit))["settings"]
    assert [sink["type"] for sink in setting["sinks"]] == sinks


def test_a_collector_is_believed_by_its_certificate() -> None:
    collector = Audit.model_validate({"collector": {"host": "otel.example.dk"}}).collector
    assert collector is not None
    assert backend(collector)["tls"] == {"wellKnownCACertificates": "System", "sni": "otel.example.dk"}


def test_prompts_are_hidden_unless_somebody_decided_otherwise() -> None:
    def told(audit: dict[str, Any]) -> dict[str, str]:
        variables = gateway_config(Audit.model_validate(audit))["extProc"]["kubernetes"]["env"]
        return {one["name"]: one["value"] for one in variables}

    hidden = told({})
    assert {hidden[name] for name in hidden if "HIDE" in name} == {"true"}
    assert hidden["OTEL_TRACES_EXPORTER"] == "none"
    shown = told({"content": CONTENT})
    assert {shown[name] for name in shown if "HIDE" in name} == {"false"}
    assert shown["OTEL_RESOURCE_ATTRIBUTES"] == "andel.retention_days=30"
    assert shown["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == "https://content.example.dk:4317"


def test_the_edge_has_proxies_of_its_own_kind() -> None:
    section = gateway(replicas=4)
    assert edge_proxy(section)["provider"]["kubernetes"]["envoyDeployment"] == {"replicas": 4}
    for role in ("edge", "inner"):
        assert gateway_spec(section, role)["infrastructure"]["parametersRef"]["name"] == role


def test_the_script_knows_longest_answers() -> None:
    written = script(EdgeScriptArgs(gateway="edge", tiers=TIERS))
    assert 'local LONGEST = {["basis"] = 16, ["plus"] = 16}' in written
