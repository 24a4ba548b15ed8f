# SPDX-License-Identifier: MPL-2.0
"""A municipality's chat under mocks: its variables, its key, what its pages say, and what ends chats."""

import json

import pytest

from components import chat_retention
from components.application_keys import FIELD
from components.chat_retention import RETENTION, SHARED
from config.names import CHAT
from tests.config.edits import edited
from tests.conftest import ROOT

from .test_municipality import TWO_CLUSTERS, container, document, named, of, variables


@pytest.mark.parametrize("apart", [False, True], ids=["one cluster", "two"])
def test_a_new_key_of_the_chat_starts_it_again_and_ends_the_old_one(apart: bool) -> None:
    clusters = {"clusters": TWO_CLUSTERS["clusters"]} if apart else {}
    section = edited({**document("aarhus"), **clusters}, {"chat.key": {"generation": 2, "dataClass": "public"}})
    secrets = [one for one in of(section, apart=apart) if one.type.endswith("Secret")]
    of_the_chat = [one for one in secrets if "-chat-" in one.inputs["metadata"]["name"]]
    # A pod reads a Secret when it starts: another name in its Deployment is what starts it.
    assert variables(section, apart=apart)["OPENAI_API_KEYS"] == {"secretKeyRef": {"name": "key-chat-2", "key": FIELD}}
    assert len(of_the_chat) == (3 if apart else 2)
    assert not [one for one in of_the_chat if "chat-1" in one.inputs["metadata"]["name"]]
    (edge,) = [one for one in of_the_chat if one.inputs["metadata"]["name"].startswith("edge-")]
    assert edge.inputs["metadata"]["annotations"]["andel/data-class"] == "public"


def test_chats_are_kept_unless_a_number_of_days_is_written() -> None:
    kept = edited(document("aarhus"), {"chat.retention": "<gone>"})
    pod = named(of(kept), "Deployment", "chat")["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["containers"]] == [CHAT]
    assert [one["name"] for one in pod["volumes"]] == ["uploads"]
    assert not [one for one in of(kept) if "retention" in one.inputs["metadata"]["name"]]


def test_what_ends_chats_runs_the_program_of_this_checkout_beside_the_chat() -> None:
    section = document("aarhus")
    one, whole = container(section, RETENTION), container(section, CHAT)
    given = {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in one["env"]}
    assert given["ANDEL_CHAT_DAYS"] == str(section["chat"]["retention"]["chats"])
    assert {name: variables(section)[name] for name in SHARED} == {name: given[name] for name in SHARED}
    assert "OPENAI_API_KEYS" not in given
    assert one["image"] == whole["image"]
    assert one["securityContext"]["readOnlyRootFilesystem"] is True
    (mounted,) = one["volumeMounts"]
    volumes = named(of(section), "Deployment", "chat")["spec"]["template"]["spec"]["volumes"]
    (source,) = [volume["configMap"]["name"] for volume in volumes if volume["name"] == mounted["name"]]
    shipped = named(of(section), "ConfigMap", source)["data"]
    folder, file = one["command"][-1].rsplit("/", 1)
    assert folder == mounted["mountPath"]
    assert shipped == {file: (ROOT / "components/programs/chat_retention.py").read_text()}


def test_another_program_has_another_name_so_that_the_pod_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = chat_retention.program_name()
    monkeypatch.setattr(chat_retention, "text", lambda _: "another")
    assert chat_retention.program_name() != before


def test_what_its_pages_say_is_what_open_webui_reads() -> None:
    """Its models of it (0.11.0, `config.py`): `BannerModel`, and the titles of prompts in two parts."""
    words = {
        "banners": [{"text": "Skriv ingen CPR-numre", "link": "https://intra.example/ai", "dismissible": False}],
        "waiting": "Du er ikke oprettet endnu",
        "suggestions": [{"title": "Brev", "prompt": "Ret dette brev"}],
    }
    written = variables(edited(document("aarhus"), {"chat.words": words}))
    (banner,) = json.loads(written["WEBUI_BANNERS"])
    assert set(banner) == {"id", "type", "content", "dismissible", "timestamp"}
    assert banner["content"] == "Skriv ingen CPR-numre https://intra.example/ai"
    assert json.loads(written["DEFAULT_PROMPT_SUGGESTIONS"]) == [{"title": ["Brev", ""], "content": "Ret dette brev"}]
    assert written["PENDING_USER_OVERLAY_CONTENT"] == "Du er ikke oprettet endnu"
    another = variables(edited(document("aarhus"), {"chat.words": words, "chat.words.banners[0].text": "Andet"}))
    assert json.loads(another["WEBUI_BANNERS"])[0]["id"] != banner["id"]
    # Left out, Open WebUI's own hold: an empty list would be none of them.
    assert not {"WEBUI_BANNERS", "DEFAULT_PROMPT_SUGGESTIONS"} & set(variables(document("ringkobing-skjern")))
