# SPDX-License-Identifier: MPL-2.0
"""People sign on through their municipality's realm and chat with its models.

Open WebUI, Keycloak, PostgreSQL, the browser and the gateway are real; the models are the lab's simulators.

Who and what is in the pictures is made up.
"""

import ast
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from andel.lab.chat_parts import OPEN_WEBUI
from andel.lab.processes import running
from tests.node.gateway import Edge, GatewayLab
from tests.support.waiting import until

from .interface import CHANGED, Interface, container, environment
from .keycloak import Keycloak
from .lab import DOMAIN, KEYCLOAK, MODELS, chats_address, realms
from .page import PATIENCE, Person, browser
from .postgres import Postgres
from .tokens import token

PASSWORD = "Rugbrød-og-syltetøj-1"  # noqa: S105 (of people that are made up)
PEOPLE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "bodil@aarhus.example": ("aarhus", "Bodil Andersen", ("chat-user",)),
    "ane@aarhus.example": ("aarhus", "Ane Sørensen", ("chat-admin",)),
    "jens@aarhus.example": ("aarhus", "Jens Holm", ()),
    "per@elsewhere.example": ("aarhus", "Per Udefra", ("chat-user",)),
    "mette@skive.example": ("skive", "Mette Krog", ("chat-user",)),
    "kim@skive.example": ("skive", "Kim Lund", ()),
}
"""Realm, name and roles by mail address."""

NOT_READ_BY_IT = {"HOME", "PORT"}
"""What the operating system reads, and the image's own start.sh."""


@pytest.fixture(scope="session")
def people(issuer: Keycloak) -> None:
    """Everybody has an account."""
    issuer.awaited()
    for mail, (realm, name, roles) in PEOPLE.items():
        issuer.add(realm, name, mail, PASSWORD, roles)


@pytest.fixture(scope="module")
def window(lab: GatewayLab, chats: Mapping[str, Interface]) -> Iterator[Browser]:
    """A browser that knows the chats and the issuer."""
    gateway = chats_address(lab)
    addresses = {KEYCLOAK: lab.address("outside", "keycloak"), **{f"{slug}.{DOMAIN}": gateway for slug in chats}}
    good = [lab.secret("andel-system", "chats-tls")["tls.crt"], lab.secret("outside", "keycloak-tls")["tls.crt"]]
    with browser(addresses, good) as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: `make chat-pictures` keeps them."""
    return Path(os.environ.get("ANDEL_CHAT_PICTURES") or tmp_path)


@contextmanager
def somebody(window: Browser, slug: str) -> Iterator[Person]:
    """A person at a municipality's chat, whose browser asks nobody else."""
    person = Person(window, f"{slug}.{DOMAIN}")
    yield person
    person.context.close()
    assert person.asked <= {person.chat, KEYCLOAK}


def signed_on(person: Person, mail: str) -> None:
    """Somebody signs on and is in."""
    person.arrives()
    person.signs_on(mail, PASSWORD)
    person.is_in()


def test_every_variable_is_one_that_this_version_reads(lab: GatewayLab, chats: Mapping[str, Interface]) -> None:
    """A setting under a name that nobody reads is none: chats would be shared, or prompts kept, in silence."""
    read = {name for file in (OPEN_WEBUI.folder / "open_webui").rglob("*.py") for name in variables(file)}
    assert "ENABLE_OLLAMA_API" in read
    for slug in chats:
        written = {one["name"] for one in container(lab, f"andel-m-{slug}")["env"]}
        assert written - read == NOT_READ_BY_IT


def variables(file: Path) -> Iterator[str]:
    """Names of environment variables that a file of Python reads."""
    with warnings.catch_warnings(action="ignore"):  # of escapes that are none
        tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.getenv", "os.environ.get"):
            asked = node.args[:1]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            asked = [node.slice]
        yield from (str(one.value) for one in asked if isinstance(one, ast.Constant))


def test_it_runs_with_what_the_stack_wrote_and_nothing_else(lab: GatewayLab, chats: Mapping[str, Interface]) -> None:
    """Variables of the process itself, as the kernel has them."""
    for slug, chat in chats.items():
        has = running_with(chat)
        written = environment(lab, f"andel-m-{slug}")
        assert {name for name, value in written.items() if has.get(name) != value} == set(CHANGED)


def running_with(chat: Interface) -> dict[str, str]:
    """Environment of a running chat."""
    pid = running(chat.process.note)
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def test_the_realm_is_the_one_that_was_written(lab: GatewayLab, issuer: Keycloak) -> None:
    """Keycloak takes every field, and each means what it says: one that it doesn't know would refuse the import."""
    issuer.awaited()
    for name, written in realms(lab).items():
        there = issuer.realm(name)
        plain = {key: value for key, value in written.items() if key not in ("roles", "clients", "supportedLocales")}
        assert {key: there[key] for key in plain} == plain
        assert set(there["supportedLocales"]) == set(written["supportedLocales"])
        (wanted,) = written["clients"]
        (found,) = [one for one in there["clients"] if one["clientId"] == wanted["clientId"]]
        same = {key: value for key, value in wanted.items() if key not in ("attributes", "protocolMappers")}
        assert {key: found[key] for key in same} == same
        assert wanted["attributes"].items() <= found["attributes"].items()
        mappers = {one["name"]: one["config"] for one in found["protocolMappers"]}
        for mapper in wanted["protocolMappers"]:
            assert mapper["config"].items() <= mappers[mapper["name"]].items()


@pytest.mark.usefixtures("people")
def test_somebody_signs_on_and_chats(lab: GatewayLab, window: Browser, database: Postgres, pictures: Path) -> None:
    with somebody(window, "aarhus") as person:
        person.arrives()
        person.pictured(pictures / "sign-on.png")
        person.signs_on("bodil@aarhus.example", PASSWORD)
        person.is_in()
        assert person.models() == set(MODELS["aarhus"])
        person.chooses("text")
        before = {record["request_id"] for record in lab.records()}
        answer = person.asks("Hvornår har borgerservice åbent?")
        assert answer
        assert not [frame for frame in person.received if "chat:message:error" in frame], answer
        person.pictured(pictures / "chat.png")
        assert len(person.pieces()) > 2, "the answer came whole"
        until(lambda: lab.records() and {one["request_id"] for one in lab.records()} - before, 30)
        new = [one for one in lab.records() if one["request_id"] not in before]
        assert {(one["municipality"], one["application"], one["path"]) for one in new} == {
            ("aarhus", "chat", "/v1/chat/completions")
        }
        assert {one["model"] for one in new} == {"text"}
    assert int(database.ask("aarhus", "SELECT count(*) FROM chat")) > 0
    assert int(database.ask("skive", "SELECT count(*) FROM chat")) == 0


@pytest.mark.usefixtures("people")
def test_what_the_switches_say_holds(window: Browser) -> None:
    with somebody(window, "aarhus") as person:
        signed_on(person, "bodil@aarhus.example")
        said = person.config()
    features: dict[str, Any] = said["features"]
    off = """signup login_form ldap api_keys community_sharing user_webhooks memories admin_export admin_chat_access
        version_update_check web_search code_execution code_interpreter direct_connections plugins"""
    assert {name for name in off.split() if features[f"enable_{name}"]} == set()
    assert said["oauth"] == {"providers": {"oidc": "Aarhus Kommune"}, "auto_redirect": True}
    assert said["default_locale"] == "da-DK"
    assert said["name"].startswith("AarhusChat")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("mail", "role"), [("bodil@aarhus.example", "user"), ("ane@aarhus.example", "admin")])
def test_the_realm_says_who_administers(window: Browser, mail: str, role: str) -> None:
    """Not who comes first."""
    with somebody(window, "aarhus") as person:
        signed_on(person, mail)
        assert session(person)["role"] == role


def session(person: Person) -> dict[str, Any]:
    """Who the chat takes somebody for."""
    asked = "fetch('/api/v1/auths/', {headers: {authorization: `Bearer ${localStorage.token}`}}).then(a => a.json())"
    found: dict[str, Any] = person.page.evaluate(asked)
    return found


def test_there_is_one_way_in(lab: GatewayLab, window: Browser, chats: Mapping[str, Interface]) -> None:
    """No form for names and passwords, no account of one's own making; neither in the page nor behind it."""
    with somebody(window, "aarhus") as person:
        person.page.goto(f"https://{person.chat}/auth?error=x")
        expect(person.page.get_by_role("button", name="Aarhus Kommune")).to_be_visible(timeout=PATIENCE)
        assert person.page.locator("input").count() == 0
    account = environment(lab, "andel-m-aarhus")
    known = {"email": account["WEBUI_ADMIN_EMAIL"], "password": account["WEBUI_ADMIN_PASSWORD"]}
    with at_the_chat(lab, "aarhus") as client:
        assert client.post("/api/v1/auths/signin", json=known).status_code == 403
        assert (
            client.post("/api/v1/auths/signup", json={**known, "name": "x", "email": "x@y.example"}).status_code == 403
        )
        assert client.get("/api/models").status_code in (401, 403)


@contextmanager
def at_the_chat(lab: GatewayLab, slug: str) -> Iterator[httpx.Client]:
    """A client of a chat, by its gateway and its certificate."""
    host = f"{slug}.{DOMAIN}"
    authority = lab.secret("andel-system", "chats-tls")["ca.crt"]
    with httpx.Client(
        base_url=f"https://{host}", transport=Edge(chats_address(lab), host, authority), timeout=60
    ) as client:
        yield client


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("slug", "mail"),
    [("aarhus", "jens@aarhus.example"), ("aarhus", "per@elsewhere.example"), ("skive", "kim@skive.example")],
    ids=["without a role", "of another domain", "without a role where nobody administers"],
)
def test_who_may_not_is_not_let_in(window: Browser, database: Postgres, slug: str, mail: str) -> None:
    """They sign on, for they have an account; the chat shows them nothing and makes them none."""
    with somebody(window, slug) as person:
        person.arrives()
        person.signs_on(mail, PASSWORD)
        person.page.wait_for_url(f"https://{person.chat}/auth?error=*", timeout=PATIENCE)
        expect(person.page.locator("[data-sonner-toast]")).to_be_visible(timeout=PATIENCE)
        assert not [cookie for cookie in person.context.cookies(f"https://{person.chat}") if cookie["name"] == "token"]
        assert person.page.locator("#chat-input").count() == 0
    assert mail not in database.ask(slug, 'SELECT email FROM "user"').splitlines()


@pytest.mark.usefixtures("people")
def test_people_of_another_municipality_have_no_account_here(window: Browser) -> None:
    with somebody(window, "aarhus") as person:
        person.arrives()
        person.signs_on("mette@skive.example", PASSWORD)
        expect(person.page.locator("#input-error-username")).to_be_visible(timeout=PATIENCE)
        assert person.page.url.startswith(f"https://{KEYCLOAK}/realms/aarhus/")


@pytest.mark.usefixtures("people")
def test_another_municipality_has_its_own_models(window: Browser) -> None:
    with somebody(window, "skive") as person:
        signed_on(person, "mette@skive.example")
        assert person.models() == set(MODELS["skive"])
        assert session(person)["role"] == "user"


TOKENS: Mapping[str, tuple[str, str, int]] = {
    "of the realm": ("aarhus", "bodil@aarhus.example", 200),
    "of another one": ("skive", "mette@skive.example", 200),
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("realm", "mail", "status"), TOKENS.values(), ids=TOKENS)
def test_a_token_of_the_realm_opens_the_gateway(
    lab: GatewayLab, issuer: Keycloak, realm: str, mail: str, status: int
) -> None:
    """In place of a key (row G3): the realm's audience and claim are what the edge asks for, and say who pays."""
    shown = token(issuer, realm, mail, PASSWORD, f"{realm}.{DOMAIN}")
    ask = {"model": "text", "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 1}
    with lab.http(shown) as client:
        until(lambda: client.post("/chat/completions", json=ask).status_code == status, 30)
        answer = client.post("/chat/completions", json=ask)
        changed = shown[:-8] + ("A" * 8)
        assert (
            client.post("/chat/completions", json=ask, headers={"Authorization": f"Bearer {changed}"}).status_code
            == 401
        )
    assert lab.record(answer.headers["x-request-id"])["municipality"] == realm
