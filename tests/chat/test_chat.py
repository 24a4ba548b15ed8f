# SPDX-License-Identifier: MPL-2.0
"""`andel chat` against a gateway: what it asks, what it shows, and one line for each way to fail."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from andel.chat.command import VARIABLE, command
from andel.lab import certificates
from tests.chat.gateway import Gateway, running

KEY = "andel-7Zq2vT9xKcW4mB1nR8sD3fH6jL0pY5"


def chat(*words: str, key: str | None = KEY, stdin: str | None = None) -> Result:
    return CliRunner().invoke(command, list(words), env={VARIABLE: key}, input=stdin)


def test_models_are_listed_when_none_is_named() -> None:
    with running(Gateway()) as gateway:
        result = chat(gateway.url)
    assert result.output.splitlines() == ["chat", "speech"]
    assert [one.path for one in gateway.asked] == ["/v1/models"]
    assert gateway.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_an_answer_is_shown_as_it_comes_and_asked_for_with_its_usage() -> None:
    with running(Gateway()) as gateway:
        result = chat(f"{gateway.url}/v1/", "--model", "chat", "--once", "Hi", "--data-class", "public")
    assert result.output == "Hello\n"
    (asked,) = gateway.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body["messages"] == [{"role": "user", "content": "Hi"}]
    assert asked.body["stream_options"] == {"include_usage": True}
    assert asked.headers["x-andel-data-class"] == "public"


def test_scripts_get_one_object_that_says_who_answered() -> None:
    with running(Gateway(headers={"x-andel-answered-by": "api.cloud.example", "x-request-id": "r1"})) as gateway:
        result = chat(gateway.url, "--model", "chat", "--once", "Hi", "--json")
    answer = json.loads(result.output)
    assert answer["text"] == "Hello"
    assert answer["answered_by"] == "api.cloud.example"
    assert answer["usage"] == {"prompt": 3, "answer": 2, "total": 5}
    assert 0 <= answer["first_token_seconds"] <= answer["seconds"]


def test_a_conversation_remembers_itself() -> None:
    with running(Gateway()) as gateway:
        result = chat(gateway.url, "--model", "chat", stdin="Hi\n\nAgain\n")
    assert result.output == "Hello\nHello\n"
    assert [message["content"] for message in gateway.asked[1].body["messages"]] == ["Hi", "Hello", "Again"]


def test_a_model_steers_no_terminal() -> None:
    with running(Gateway(pieces=("a\x1b[2J", "\x07b\n", "æ"))) as gateway:
        assert chat(gateway.url, "--model", "chat", "--once", "Hi").output == "a[2Jb\næ\n"


@pytest.mark.parametrize(
    ("status", "headers", "line"),
    [
        (401, {}, "401: the key is not valid (no)"),
        (403, {}, "403: the key is valid and may not do this (no)"),
        (404, {}, "404: no; `andel chat URL` without --model lists"),
        (413, {}, "413: the request is too long (no)"),
        (429, {"retry-after": "12"}, "429: a limit is reached (no); try again in 12 s"),
        (429, {}, "429: a limit is reached (no); try again later"),
        (429, {"retry-after": "\x1b"}, "try again later"),
        (503, {"retry-after": "900"}, "503: no model answers now (no); try again in 900 s"),
        (500, {}, "500: no"),
    ],
)
def test_a_refusal_is_one_line_that_says_what_to_do(status: int, headers: dict[str, str], line: str) -> None:
    body = json.dumps({"error": {"message": "no", "type": "t", "code": "c"}})
    with running(Gateway(status=status, headers=headers, body=body)) as gateway:
        result = chat(gateway.url, "--model", "chat", "--once", "Hi")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert line in result.output
    assert len(result.output.splitlines()) == 1
    assert len(gateway.asked) == 1  # nothing is asked twice


def test_a_key_is_not_shown_even_where_a_server_repeats_it() -> None:
    body = json.dumps({"error": {"message": f"key {KEY} is wrong\n\x1b[2J"}})
    with running(Gateway(status=401, body=body)) as gateway:
        output = chat(gateway.url, "--model", "chat", "--once", "Hi").output
    assert KEY not in output
    assert "<key>" in output
    assert "\x1b" not in output


def test_what_is_no_answer_of_openais_is_said_in_one_line() -> None:
    with running(Gateway(status=502, body="<html>\nbad gateway\n</html>")) as gateway:
        assert chat(gateway.url, "--model", "m", "--once", "Hi").output == "Error: 502: <html> bad gateway </html>\n"
    with running(Gateway(status=200, body="<html>")) as gateway:
        result = chat(gateway.url)
    assert result.exit_code == 1, result.output
    assert len(result.output.splitlines()) == 1


def test_a_stream_that_breaks_off_is_an_error() -> None:
    with running(Gateway(breaks_off=True)) as gateway:
        result = chat(gateway.url, "--model", "chat", "--once", "Hi")
    assert result.exit_code == 1
    assert "Error: " in result.output.splitlines()[-1]


def test_nobody_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "no connection" in chat(f"http://127.0.0.1:{port}").output


def test_a_certificate_is_believed_when_its_authority_is_named(tmp_path: Path) -> None:
    certificates.make(tmp_path / "made")
    with running(Gateway(), certificates.pair(tmp_path / "made", "server")) as gateway:
        strange = chat(gateway.url)
        known = chat(gateway.url, "--ca", str(tmp_path / "made" / "ca.crt"))
    assert strange.output.startswith("Error: the server's certificate is not trusted; name its authority with --ca")
    assert known.output.splitlines() == ["chat", "speech"]


def test_tls_where_there_is_none_is_said() -> None:
    with running(Gateway()) as gateway:
        result = chat(gateway.url.replace("http:", "https:"))
    assert result.output == "Error: no TLS could be agreed on; check address and port\n"


@pytest.mark.parametrize(
    "url", ["api.example.dk", "ftp://x.dk", "http://api.example.dk", "https://me:key@x.dk", "https://"]
)
def test_addresses_that_would_show_the_key_or_are_none(url: str) -> None:
    assert chat(url).exit_code == 1


def test_a_key_comes_from_a_file_or_the_environment_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    with running(Gateway()) as gateway:
        assert chat(gateway.url, "--key-file", str(file), key=None).exit_code == 0
    assert gateway.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert "--key" not in {option for parameter in command.params for option in parameter.opts}
    for missing in (chat("https://x.dk", key=None), chat("https://x.dk", "--key-file", str(tmp_path))):
        assert missing.exit_code == 1
        assert len(missing.output.splitlines()) == 1


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    assert "holds no certificates" in chat("https://x.dk", "--ca", str(tmp_path / "ca.pem")).output
