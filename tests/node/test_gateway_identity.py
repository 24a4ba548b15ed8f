# SPDX-License-Identifier: MPL-2.0
"""Who is let in: good keys and tokens. Bad ones get OpenAI's form of error, and no model hears of them."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from components.application_keys import FIELD, WATCHED
from config.names import APPLICATION_KEY, KEY_EXPIRES
from tests.support.waiting import until

from .gateway import APPLICATIONS, GatewayLab
from .gateway_counts import Counts, clouds, ours
from .gateway_outside import LOGIN, NAMESPACE, OTHER_LOGIN, SIGNING

ASK = {"model": "text", "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 1}
HOUR = 3600
ROTATING = "rotating"
"""An application of Aarhus whose keys these tests change; nobody else's."""


class Served:
    """Requests, and how many of them were answered."""

    def __init__(self, gateway: GatewayLab) -> None:
        self._gateway, self.count = gateway, 0

    def ask(self, key: str | None, **headers: str) -> httpx.Response:
        """Ask with a key or token, if any."""
        with self._gateway.http(key, **headers) as client:
            answer = client.post("/chat/completions", json=ASK)
        self.count += answer.status_code == 200
        return answer


@pytest.fixture(scope="module")
def served(gateway: GatewayLab) -> Iterator[Served]:
    """Asks; in the end models and cloud must have counted what was answered, and nothing more."""
    asked = Served(gateway)
    before, outside = ours(gateway), clouds(gateway)
    yield asked
    # One more that is answered: when it shows in the counts, so does whatever came before it.
    assert asked.ask(gateway.key("aarhus")).status_code == 200
    wanted = before.requests + asked.count
    until(lambda: ours(gateway).requests >= wanted, 30)
    assert ours(gateway).requests == wanted
    assert clouds(gateway) - outside == Counts()


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """It is refused in the form of OpenAI's errors."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert error["message"]


WRONG_KEYS: dict[str, Callable[[str], dict[str, str]]] = {
    "none": lambda _: {},
    "empty": lambda _: {"authorization": "Bearer"},
    "nobody's": lambda _: {"authorization": f"Bearer andel-{'x' * 43}"},
    "too long": lambda key: {"authorization": f"Bearer {key}x"},
    "too short": lambda key: {"authorization": f"Bearer {key[:-1]}"},
    "another case": lambda key: {"authorization": f"Bearer {key.swapcase()}"},
    "another scheme": lambda key: {"authorization": f"Basic {base64.b64encode(f'user:{key}'.encode()).decode()}"},
    "no scheme": lambda key: {"authorization": key},
    "another header": lambda key: {"x-api-key": key, "api-key": key},
    "a cookie": lambda key: {"cookie": f"api_key={key}"},
}


@pytest.mark.parametrize("shown", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_wrong_or_missing_key(gateway: GatewayLab, served: Served, shown: Callable[[str], dict[str, str]]) -> None:
    headers = shown(gateway.key("aarhus"))
    refused(served.ask(None, **headers), 401, "invalid_api_key")


def test_a_wrong_key_sees_no_list_of_models(gateway: GatewayLab) -> None:
    with gateway.http("andel-nobody") as client:
        refused(client.get("/models"), 401, "invalid_api_key")


@contextmanager
def key_by_hand(
    gateway: GatewayLab, namespace: str, annotations: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """A Secret as municipalities' operations may write one, and its value; it is gone afterwards."""
    value, path = f"andel-{secrets.token_hex(16)}", f"/api/v1/namespaces/{namespace}/secrets/by-hand"
    labels = {APPLICATION_KEY: "by-hand", WATCHED: "authorino"}
    metadata = {"name": "by-hand", "labels": labels, "annotations": dict(annotations)}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {FIELD: value}}
    gateway.api.apply(path, manifest)
    try:
        yield value
    finally:
        gateway.api.delete(path)


def test_a_key_works_until_it_is_deleted(gateway: GatewayLab, served: Served) -> None:
    with key_by_hand(gateway, "andel-m-odense") as key:
        until(lambda: served.ask(key).status_code == 200)
    until(lambda: served.ask(key).status_code != 200)
    refused(served.ask(key), 401, "invalid_api_key")


def test_a_key_in_a_namespace_of_no_member_is_none_whatever_it_says(gateway: GatewayLab, served: Served) -> None:
    claims = {"municipality": "aarhus", "tier": "large", "namespace": "andel-m-aarhus"}
    with key_by_hand(gateway, NAMESPACE, claims) as key:
        until(lambda: served.ask(key).status_code != 401)
        refused(served.ask(key), 403, "not_a_member")


@pytest.fixture(scope="module")
def rotating(gateway: GatewayLab) -> Iterator[Callable[..., None]]:
    """Changes the keys of the application `rotating`, as its municipality's stack does; at the end it is gone."""

    def change(**section: object) -> None:
        given: dict[str, dict[str, Any]] = dict.fromkeys(gateway.environment.municipalities, APPLICATIONS)
        given["aarhus"] = {**APPLICATIONS, **({ROTATING: section} if section else {})}
        gateway.furnish(gateway.keys, given)

    yield change
    change()


def test_a_rotated_key_goes_on_until_its_moment_and_a_revoked_one_does_not(
    gateway: GatewayLab, served: Served, rotating: Callable[..., None]
) -> None:
    rotating(generation=1)
    first = gateway.key("aarhus", ROTATING, 1)
    until(lambda: served.ask(first).status_code == 200)

    rotating(generation=2, retire=[{"generation": 1, "until": moment(hours=1)}])
    second = gateway.key("aarhus", ROTATING, 2)
    until(lambda: served.ask(second).status_code == 200)
    assert served.ask(first).status_code == 200

    rotating(generation=3, retire=[{"generation": 2, "until": moment(seconds=-1)}])
    for ended in (first, second):
        until(lambda ended=ended: served.ask(ended).status_code != 200)  # type: ignore[misc]
        refused(served.ask(ended), 401, "invalid_api_key")
    assert served.ask(gateway.key("aarhus", ROTATING, 3)).status_code == 200


def moment(**away: float) -> str:
    """A time from now on, as keys have it."""
    return (datetime.now(UTC) + timedelta(**away)).isoformat()


def test_a_key_ends_at_its_moment_by_itself(gateway: GatewayLab, served: Served) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=20)
    worked = False
    with key_by_hand(gateway, "andel-m-odense", {KEY_EXPIRES: ends.isoformat()}) as key:
        while datetime.now(UTC) < ends + timedelta(seconds=1):
            answer, now = served.ask(key), datetime.now(UTC)
            assert answer.status_code in (200, 401)
            # It may take a moment until a key is known; once it is, it works until its end.
            assert not worked or answer.status_code == 200 or now >= ends
            worked = worked or answer.status_code == 200
        assert worked
        refused(served.ask(key), 401, "invalid_api_key")


def test_good_tokens(gateway: GatewayLab, served: Served) -> None:
    for token in (
        gateway.token(municipality="aarhus"),
        gateway.token(municipality="skive", aud=["somebody", "andel"]),
        gateway.token(OTHER_LOGIN, municipality="odense", azp="journal"),
    ):
        until(lambda token=token: served.ask(token).status_code == 200)  # type: ignore[misc]


BAD_TOKENS: dict[str, Callable[[GatewayLab], str]] = {
    "expired": lambda lab: lab.token(municipality="aarhus", exp=int(time.time()) - 60),
    "not valid yet": lambda lab: lab.token(municipality="aarhus", nbf=int(time.time()) + HOUR),
    "for somebody else": lambda lab: lab.token(municipality="aarhus", aud="elsewhere"),
    "for nobody": lambda lab: lab.token(municipality="aarhus", aud=None),
    "from a stranger": lambda lab: lab.token(municipality="aarhus", iss="https://stranger.example"),
    "in another's name": lambda lab: lab.token(municipality="odense", iss=f"https://{OTHER_LOGIN}"),
    "signed by another": lambda lab: lab.token(municipality="aarhus", signed_by=OTHER_LOGIN),
    "unsigned": lambda lab: lab.token(municipality="aarhus", algorithm="none"),
    "signed by what is public": lambda lab: signed_by_what_is_public(lab),
    "changed": lambda lab: changed(lab.token(municipality="skive"), municipality="aarhus"),
    "of no municipality": lambda lab: lab.token(),
}


@pytest.mark.parametrize("made", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_bad_token(gateway: GatewayLab, served: Served, made: Callable[[GatewayLab], str]) -> None:
    refused(served.ask(made(gateway)), 401, "invalid_api_key")


@pytest.mark.parametrize(
    ("issuer", "municipality"), [(LOGIN, "odense"), (OTHER_LOGIN, "aarhus"), (LOGIN, "nowhere"), (LOGIN, "")]
)
def test_an_issuer_speaks_for_nobody_but_its_own(
    gateway: GatewayLab, served: Served, issuer: str, municipality: str
) -> None:
    refused(served.ask(gateway.token(issuer, municipality=municipality)), 403, "not_a_member")


def signed_by_what_is_public(lab: GatewayLab) -> str:
    """A token whose HMAC is made with the issuer's public key, for servers that let the token choose the algorithm."""
    head, claims, _ = lab.token(municipality="aarhus").split(".")
    head = encoded({**decoded(head), "alg": "HS256"})
    private = load_pem_private_key(lab.secret(NAMESPACE, SIGNING)[LOGIN].encode(), password=None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = hmac.new(public, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"


def changed(token: str, **claims: str) -> str:
    """A good token with other claims and the signature that it had."""
    head, said, signature = token.split(".")
    return f"{head}.{encoded({**decoded(said), **claims})}.{signature}"


def decoded(part: str) -> dict[str, object]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
