# SPDX-License-Identifier: MPL-2.0
"""A municipality's stack under mocks, and the walls that the platform builds for it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pulumi
import pytest
import yaml
from pydantic import BaseModel

from andel.preview.graph import Registration, graph
from andel.release import release
from andel.release.admission import judged
from components.application_keys import FIELD, edge_name
from components.chat_retention import RETENTION
from components.chat_settings import NOBODY, SWITCHES, environment, models
from components.metadata import COMMON_LABELS
from components.monitoring.dashboards import FOUND_BY as SIGNS
from components.municipality import Municipality, MunicipalityArgs
from components.municipality_walls import RIGHTS, WRITE
from components.staff_rights import OPERATOR, VIEWER
from config.chat import SecretKey
from config.contract import contract
from config.fields import sections
from config.judge import judge_municipality
from config.municipality import Municipality as Section
from config.municipality_rules import models_of_the_chat
from config.names import APPLICATION_KEY, CHAT, KEY_MODELS, KEY_OVERFLOW
from config.section import Refusal
from config.stackfile import read
from tests.config.edits import edited, found
from tests.conftest import ROOT, stack_document

from .program import normalised

MADE_UP = ROOT / "tests/environments/members/Pulumi.gateway-one.yaml"
"""A municipality that doesn't exist, and says everything."""

FILES = [*sorted(ROOT.glob("municipalities/Pulumi.*-*.yaml")), MADE_UP]
CONTRACTS = {
    "dev": contract(judged(stack_document("dev"))),
    "prod": contract(judged(stack_document("prod"))),
    "gateway": contract(judged(read(ROOT / "tests/environments/Pulumi.gateway.yaml").environment)),
}
DEV = CONTRACTS["dev"]
TWO_CLUSTERS = edited(
    stack_document("dev"), {"clusters.application": {"context": "andel-applications"}, "mirror.images": "r.example/m"}
)
APART = contract(judged(TWO_CLUSTERS))


def document(slug: str) -> dict[str, Any]:
    """A municipality's document."""
    whole = yaml.safe_load((ROOT / f"municipalities/Pulumi.dev-{slug}.yaml").read_text())
    section: dict[str, Any] = whole["config"]["andel:municipality"]
    return section


@cache
def made(text: str, *, apart: bool = False) -> list[Registration]:
    """Every resource of a municipality's stack."""
    section = judge_municipality(json.loads(text))
    given = APART if apart else CONTRACTS[section.platform.rpartition("/")[2]]

    def program() -> None:
        args = MunicipalityArgs(municipality=section, contract=given, release=release(given.release))
        furnished = Municipality("municipality", args)
        pulumi.export("url", furnished.url)

    return graph(program, project="andel-municipality", stack_name="test")


def of(section: dict[str, Any], *, apart: bool = False) -> list[Registration]:
    """Its Kubernetes objects."""
    return [one for one in made(json.dumps(section), apart=apart) if one.object]


def named(objects: list[Registration], kind: str, name: str) -> dict[str, Any]:
    """Inputs of one object."""
    (one,) = [o for o in objects if o.type.endswith(f":{kind}") and o.inputs["metadata"]["name"] == name]
    inputs: dict[str, Any] = normalised(one.inputs)
    return inputs


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_everything_stands_in_the_municipalitys_own_namespace(file: Any) -> None:
    section = read(file).municipality
    objects = of(section)
    assert {one.inputs["metadata"]["namespace"] for one in objects} == {f"andel-m-{section['slug']}"}
    known = {"gpu", "application"} if "application" in section["clusters"] else {"gpu"}
    assert {one.provider.split("::")[-2] for one in objects} == known
    assert all(one.parent for one in objects)
    assert all(COMMON_LABELS.items() <= one.inputs["metadata"]["labels"].items() for one in objects)
    addresses = [(one.provider, one.object) for one in objects]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_its_account_may_write_all_that_its_stack_writes(file: Any) -> None:
    """The walls and the furniture are made by different programs: one without the other ends half-way."""
    writable = {f"{group}/{name}" for group, names, verbs in RIGHTS if verbs == WRITE for name in names}
    for one in of(read(file).municipality):
        group, kind = one.type.split(":")[1].rpartition("/")[0], one.type.split(":")[2]
        plural = f"{kind.lower()}s"
        assert f"{'' if group == 'core' else group}/{plural}" in writable, one.type


@pytest.mark.parametrize("rules", [VIEWER, OPERATOR], ids=["viewers", "operators"])
def test_staff_get_nothing_that_the_account_has_not(rules: list[dict[str, Any]]) -> None:
    """The API server would refuse the Role, in the middle of an `up`."""
    held = {(group, name, verb) for group, names, verbs in RIGHTS for name in names for verb in verbs}
    for rule in rules:
        assert {(g, n, v) for g in rule["apiGroups"] for n in rule["resources"] for v in rule["verbs"]} <= held


def test_viewers_read_no_secret() -> None:
    assert not [rule for rule in VIEWER if "secrets" in rule["resources"]]


def variables(section: dict[str, Any], *, apart: bool = False) -> dict[str, Any]:
    """The chat's environment."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(section, CHAT, apart=apart)["env"]}


def container(section: dict[str, Any], name: str, *, apart: bool = False) -> dict[str, Any]:
    """A container of the chat's pod."""
    pod = named(of(section, apart=apart), "Deployment", "chat")["spec"]["template"]["spec"]
    (one,) = [one for one in pod["containers"] if one["name"] == name]
    return dict(one)


def expanded(value: str, known: dict[str, str]) -> str:
    """What a container is given (source: Kubernetes, third_party/forked/golang/expansion/expand.go)."""
    return re.sub(
        r"\$(\$|\(([^)]*)\))",
        lambda match: "$" if match[1] == "$" else known.get(match[2], match[0]),
        value,
    )


@pytest.mark.parametrize("value", ["$(DATABASE_URL)", "$$(DATABASE_URL)", "$$$(DATABASE_URL)$", "a$b", "$(", "plain"])
def test_no_value_of_a_chat_turns_into_another_variables(value: str) -> None:
    """Forms refuse dollars today. Were one let through, a container would still get it as it is written."""
    chat = judge_municipality(document("aarhus")).chat
    assert chat is not None
    past = {"name": value, "client_id": value, "roles_claim": value, "user_roles": (value,), "admin_roles": (value,)}
    sign_on = chat.sign_on.model_copy(update={**past, "domains": (value,)})
    hostile = chat.model_copy(update={"title": value, "sign_on": sign_on})
    key = SecretKey(name="n", key="k")
    plain = {one["name"]: one["value"] for one in environment(hostile, "aarhus", key, key, DEV, ()) if "value" in one}
    got = {name: expanded(one, {"DATABASE_URL": "secret"}) for name, one in plain.items()}
    assert (
        got["WEBUI_NAME"] == got["OAUTH_PROVIDER_NAME"] == got["OAUTH_CLIENT_ID"] == got["OAUTH_ADMIN_ROLES"] == value
    )
    assert not [name for name, one in got.items() if "secret" in one]


def test_a_chat_knows_one_way_in_one_api_and_its_plans_models() -> None:
    written = variables(document("aarhus"))
    assert SWITCHES.items() <= written.items()
    assert written["OPENAI_API_BASE_URLS"] == "https://api.dev.andel.example/v1"
    assert json.loads(written["OPENAI_API_CONFIGS"])["0"]["model_ids"] == ["mistral-small"]
    assert written["RAG_EMBEDDING_MODEL"] == "e5-large"
    assert written["OPENAI_API_KEYS"] == {"secretKeyRef": {"name": "key-chat-1", "key": FIELD}}
    assert written["OPENID_REDIRECT_URI"] == "https://aarhus.chat.dev.andel.example/oauth/oidc/callback"
    assert written["OAUTH_ALLOWED_ROLES"] == "ai-bruger,ai-administrator"
    assert written["ENABLE_PERSISTENT_CONFIG"] == "false"
    # The roles' switch is on where there are roles: else everybody of the domains would wait for an administrator.
    assert written["ENABLE_OAUTH_ROLE_MANAGEMENT"] == "true"
    public = variables(document("ringkobing-skjern"))
    assert public["ENABLE_OAUTH_ROLE_MANAGEMENT"] == "false"
    assert "OAUTH_CLIENT_SECRET" not in public
    assert public["OAUTH_CODE_CHALLENGE_METHOD"] == "S256"


SIGN_ON = {"issuer": "https://login.example", "clientId": "chat", "domains": ["x.example"]}


@pytest.mark.parametrize(
    ("roles", "allowed", "admins", "without"),
    [
        ({"userRoles": ["u"], "adminRoles": ["a"]}, "u,a", "a", "pending"),
        # A list that is empty turns both off: everybody of the domains would be in.
        ({"userRoles": ["u"]}, "u", NOBODY, "pending"),
        ({"adminRoles": ["a"]}, "*", "a", "user"),
        ({}, None, None, "user"),
    ],
)
def test_roles_as_open_webui_reads_them(
    roles: dict[str, list[str]], allowed: str | None, admins: str | None, without: str
) -> None:
    """Its rule (0.11.0, `get_user_role`): roles count where both lists have one; who has none gets the default."""
    chat = {**document("aarhus")["chat"], "signOn": {**SIGN_ON, **roles}}
    written = variables({**document("aarhus"), "chat": chat})
    assert written.get("OAUTH_ALLOWED_ROLES") == allowed
    assert written.get("OAUTH_ADMIN_ROLES") == admins
    assert written["DEFAULT_USER_ROLE"] == without


def test_nobody_is_an_administrator_for_having_come_first() -> None:
    objects = of(document("aarhus"))
    source = variables(document("aarhus"))["WEBUI_ADMIN_PASSWORD"]["secretKeyRef"]
    assert source["key"] in named(objects, "Secret", source["name"])["stringData"]


def test_adapters_of_the_plan_are_models_to_chat_with() -> None:
    environment = edited(
        stack_document("dev"), {"models.mistral-small.lora": {"adapters": {"letters": {"source": "hf://a/b"}}}}
    )
    environment["tiers"]["plus"]["models"].append("letters")
    known = contract(judged(environment))
    assert known.models["letters"].task is known.models["mistral-small"].task
    section = judge_municipality(document("aarhus"))
    assert section.chat
    allowed = models_of_the_chat(section, known)
    assert allowed
    assert json.loads(models(section.chat, allowed, known)["OPENAI_API_CONFIGS"])["0"]["model_ids"] == [
        "mistral-small",
        "letters",
    ]


def said_of_keys(section: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What the edge reads of models and consent from each application's newest key."""
    found = {}
    for one in of(section):
        placed = one.inputs["metadata"]
        if application := placed["labels"].get(APPLICATION_KEY):
            said = {name: value for name, value in placed["annotations"].items() if name in (KEY_MODELS, KEY_OVERFLOW)}
            found[application] = said
    return found


def test_a_municipality_that_says_nothing_narrows_nothing_and_lets_nothing_leave() -> None:
    assert said_of_keys(document("aarhus")) == {
        name: {} for name in ("journal", "borgerservice", "oversaettelse", "chat")
    }


def test_what_a_municipality_allows_holds_for_every_key_and_an_application_may_say_less_or_otherwise() -> None:
    section = edited(
        document("aarhus"),
        {
            "models": ["mistral-small", "e5-large"],
            "overflow": True,
            "applications.journal.models": ["e5-large"],
            "applications.journal.overflow": False,
        },
    )
    whole = {KEY_MODELS: "e5-large,mistral-small", KEY_OVERFLOW: "allowed"}
    assert said_of_keys(section) == {
        "journal": {KEY_MODELS: "e5-large"},
        **dict.fromkeys(("borgerservice", "oversaettelse", "chat"), whole),
    }
    alone = edited(document("aarhus"), {"applications.journal.overflow": True})
    assert said_of_keys(alone)["journal"] == {KEY_OVERFLOW: "allowed"}
    assert said_of_keys(alone)["chat"] == {}


def test_the_order_of_a_list_makes_no_other_key() -> None:
    """A new order would be a new Secret for each key."""
    one, other = (
        [each.object for each in of(edited(document("aarhus"), {"models": names}))]
        for names in (["mistral-small", "e5-large"], ["e5-large", "mistral-small"])
    )
    assert one == other


def test_a_chat_offers_and_uses_what_its_municipality_allows_alone() -> None:
    written = variables(edited(document("aarhus"), {"models": ["mistral-small"]}))
    assert json.loads(written["OPENAI_API_CONFIGS"])["0"]["model_ids"] == ["mistral-small"]
    assert "RAG_EMBEDDING_MODEL" not in written
    assert written["BYPASS_EMBEDDING_AND_RETRIEVAL"] == "true"


def test_no_value_of_a_secret_is_in_an_environment() -> None:
    written = variables(document("aarhus"))
    secret = {name for name, value in written.items() if isinstance(value, dict)}
    assert secret >= {"OPENAI_API_KEYS", "DATABASE_URL", "WEBUI_SECRET_KEY", "OAUTH_CLIENT_SECRET"}
    assert "andel-" not in json.dumps({name: value for name, value in written.items() if name.endswith("KEY")})


def test_with_two_clusters_keys_are_at_the_gateway_and_the_chat_has_a_copy_that_opens_nothing() -> None:
    section = {**document("aarhus"), "clusters": TWO_CLUSTERS["clusters"]}
    objects = of(section, apart=True)
    places: dict[str, set[str]] = {}
    for one in objects:
        if one.type.endswith("Secret"):
            places.setdefault(one.inputs["metadata"]["name"], set()).add(one.provider.split("::")[-2])
    assert places["key-chat-1"] == {"gpu", "application"}
    assert places["key-journal-2"] == places[edge_name(CHAT, 1, {"andel/data-class": "personal"})] == {"gpu"}
    copies = [
        one.inputs
        for one in objects
        if one.inputs["metadata"]["name"] == "key-chat-1" and "::application::" in one.provider
    ]
    assert [copy["metadata"]["labels"] for copy in copies] == [COMMON_LABELS]
    assert variables(section, apart=True)["OPENAI_API_KEYS"]["secretKeyRef"]["name"] == "key-chat-1"
    for name in (CHAT, RETENTION):
        image = container(section, name, apart=True)["image"]
        assert image.startswith("r.example/m/ghcr.io/open-webui/open-webui:v")


def test_a_chats_pod_is_restricted_and_has_no_token() -> None:
    spec = named(of(document("aarhus")), "Deployment", "chat")["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    for one in spec["containers"]:
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert one["securityContext"]["allowPrivilegeEscalation"] is False


def test_a_board_of_its_own_asks_for_nobody_elses_and_is_no_sign_to_the_platform() -> None:
    """The platform's Grafana looks for a label that admission keeps from members (`tests/engine/test_escapes.py`)."""
    drawn = named(of({**document("aarhus"), "dashboards": True}), "ConfigMap", "dashboards")
    assert drawn["metadata"]["annotations"]["grafana_folder"] == "Aarhus"
    assert drawn["metadata"]["labels"]["andel/dashboard"] == "1"
    assert not set(drawn["metadata"]["labels"]) & set(SIGNS)
    (text,) = drawn["data"].values()
    asked = [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
    assert asked
    for expr in asked:
        assert '{municipality="aarhus"}' in expr or expr == '{namespace="andel-m-aarhus"}'


SETTINGS = [
    (path, value)
    for path, value in [
        ("applications.journal.generation", 3),
        ("applications.journal.retire[0].until", "2027-02-01T12:00:00Z"),
        ("applications.journal.dataClass", "public"),
        ("applications.journal.models", ["mistral-small"]),
        ("applications.journal.overflow", True),
        ("applications.oversaettelse.expires", "2028-12-31T23:00:00Z"),
        ("applications.another", {}),
        ("chat.key.generation", 3),
        ("chat.key.retire[0].until", "2027-02-01T12:00:00Z"),
        ("chat.key.dataClass", "public"),
        ("chat.key.models", ["mistral-small"]),
        ("chat.key.overflow", True),
        ("chat.key.expires", "2028-12-31T23:00:00Z"),
        ("chat.retention.chats", 30),
        ("chat.words.banners[0].text", "Other"),
        ("chat.words.banners[0].link", "https://other.example"),
        ("chat.words.banners[0].kind", "error"),
        ("chat.words.banners[0].dismissible", True),
        ("chat.words.waiting", "Other"),
        ("chat.words.suggestions[0].title", "Other"),
        ("chat.words.suggestions[0].subtitle", "Other"),
        ("chat.words.suggestions[0].prompt", "Other"),
        ("models", ["mistral-small"]),
        ("overflow", True),
        ("chat.title", "Other"),
        ("chat.language", "en-US"),
        ("chat.models", ["mistral-small", "e5-large"]),
        ("chat.signOn.issuer", "https://other.example"),
        ("chat.signOn.name", "Other"),
        ("chat.signOn.clientId", "other"),
        ("chat.signOn.clientSecret.name", "other"),
        ("chat.signOn.clientSecret.key", "other"),
        ("chat.signOn.domains", ["other.example"]),
        ("chat.signOn.rolesClaim", "groups"),
        ("chat.signOn.userRoles", ["other"]),
        ("chat.signOn.adminRoles", ["other"]),
        ("chat.database.name", "other"),
        ("chat.database.key", "other"),
        ("chat.sessionKey.name", "other"),
        ("chat.sessionKey.key", "other"),
        ("chat.cpu", "2"),
        ("chat.memory", "3Gi"),
        ("chat.uploads", "60Gi"),
        ("chat.storageClass", "fast"),
        ("dashboards", True),
        ("staff.viewers", ["other"]),
        ("staff.operators", ["other"]),
        ("contacts.technical", "other@aarhus.example"),
        ("contacts.dataProtection", "other@aarhus.example"),
        ("clusters.gpu.context", "other"),
        ("slug", "odense"),
    ]
]


ROTATING = edited(
    document("aarhus"), {"chat.key": {"generation": 2, "retire": [{"generation": 1, "until": "2027-01-31T12:00:00Z"}]}}
)
"""A municipality whose chat has an earlier key."""


@pytest.mark.parametrize(("path", "value"), SETTINGS, ids=[path for path, _ in SETTINGS])
def test_a_changed_setting_changes_what_is_made(path: str, value: Any) -> None:
    before, after = ROTATING, edited(ROTATING, {path: value})
    written = [[(one.urn, one.inputs) for one in made(json.dumps(one))] for one in (before, after)]
    assert written[0] != written[1]


def settings(section: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting of a section that holds a value; names of mappings are left out."""
    for name, field in section.model_fields.items():
        below = list(sections(field.annotation))
        here = (*path, field.alias or name)
        if not below:
            yield here
        for one in below:
            yield from settings(one, here)


def test_every_setting_is_among_them() -> None:
    """A new one without a line above may reach nothing."""
    changed = {tuple(re.sub(r"\[\d+\]", "", path).split(".")) for path, _ in SETTINGS}
    without_names = {tuple(one for one in path if one not in document("aarhus")["applications"]) for path in changed}
    # Where the contract comes from, and what the test with two clusters changes; numbers of earlier keys are theirs.
    told = {("platform",), ("clusters", "application", "context"), ("applications", "retire", "generation")}
    told |= {("chat", "key", "retire", "generation")}
    assert set(settings(Section)) - without_names - told == set()


def test_the_made_up_one_says_everything_but_what_its_platform_has_not() -> None:
    section = judge_municipality(read(MADE_UP).municipality)
    missing = {("clusters", "application", "context"), ("dashboards",)}
    assert {path for path in settings(Section) if not said(section, path)} == missing


def said(value: Any, path: tuple[str, ...]) -> bool:
    """Whether a setting stands in a file: in one of the entries, where there are several."""
    if isinstance(value, dict | tuple):
        return any(said(one, path) for one in (value.values() if isinstance(value, dict) else value))
    if not path or value is None:
        return value is not None
    (name,) = [name for name, field in type(value).model_fields.items() if (field.alias or name) == path[0]]
    return name in value.model_fields_set and said(getattr(value, name), path[1:])


def test_every_example_is_a_member_of_the_platform_that_it_names() -> None:
    for file in FILES:
        section = judge_municipality(read(file).municipality)
        assert section.slug in CONTRACTS[section.platform.rpartition("/")[2]].municipalities
        assert file.name == f"Pulumi.{section.platform.rpartition('/')[2]}-{section.slug}.yaml"
    with pytest.raises(Refusal):
        judge_municipality({})
    assert found(document("aarhus"), "slug") == "aarhus"
