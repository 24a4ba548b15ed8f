# SPDX-License-Identifier: MPL-2.0
"""The environment of an Open WebUI (source of every name: open-webui 0.11.0 on PyPI, `env.py` and `config.py`).

It is the whole of its settings: what people change in its own pages lasts until it starts again. It asks nobody but
the API of the platform and the issuer, and sends nothing to its makers.
"""

import hashlib
import json
from typing import Any

from config.chat import Chat, SecretKey, SignOn
from config.chat_words import Banner, Words
from config.contract import PlatformContract
from config.models import Task
from config.names import CHAT_PORT

DATA = "/app/backend/data"
"""Where it keeps files; chats are in the database."""

SWITCHES = {
    # What stands here holds, not what its database remembers of an earlier start.
    "ENABLE_PERSISTENT_CONFIG": "false",
    # One way in.
    "ENABLE_LOGIN_FORM": "false",
    "ENABLE_PASSWORD_AUTH": "false",
    "ENABLE_SIGNUP": "false",
    "ENABLE_OAUTH_SIGNUP": "true",
    "ENABLE_API_KEYS": "false",
    # A session ends with the day, as the realm's does: who has left, or lost a role, is out on the next.
    "JWT_EXPIRES_IN": "12h",
    "WEBUI_SESSION_COOKIE_SECURE": "true",
    "WEBUI_AUTH_COOKIE_SECURE": "true",
    # Nobody reads others' chats, and chats go nowhere.
    "ENABLE_ADMIN_CHAT_ACCESS": "false",
    "ENABLE_ADMIN_EXPORT": "false",
    "SHOW_ADMIN_DETAILS": "false",
    "ENABLE_COMMUNITY_SHARING": "false",
    "ENABLE_USER_WEBHOOKS": "false",
    "ENABLE_MEMORIES": "false",
    "ENABLE_FORWARD_USER_INFO_HEADERS": "false",
    "AUDIT_LOG_LEVEL": "NONE",
    # Nothing is fetched from elsewhere, no code is run, no model is called but by the platform's API.
    "OFFLINE_MODE": "true",
    "ENABLE_VERSION_UPDATE_CHECK": "false",
    "ENABLE_WEB_SEARCH": "false",
    "ENABLE_CODE_EXECUTION": "false",
    "ENABLE_CODE_INTERPRETER": "false",
    "ENABLE_PLUGINS": "false",
    "ENABLE_DIRECT_CONNECTIONS": "false",
    "ENABLE_OLLAMA_API": "false",
    "ENABLE_OPENAI_API_PASSTHROUGH": "false",
    "ENABLE_EVALUATION_ARENA_MODELS": "false",
    # Its own tools go into no request: vLLM refuses them unless it was started to choose among tools.
    "DEFAULT_MODEL_PARAMS": '{"function_calling": "legacy"}',
    # The gateway decides who may use which model; to the people of one municipality all of its own are open.
    "BYPASS_MODEL_ACCESS_CONTROL": "true",
    "DATA_DIR": DATA,
    "STATIC_DIR": f"{DATA}/static",
    "PORT": str(CHAT_PORT),
}
"""What is the same for every municipality."""

NOBODY = "andel:nobody"
"""A role that no issuer gives: where no role is written, Open WebUI reads none of a token (`get_user_role`)."""

KEYS = ("OPENAI_API_KEYS", "RAG_OPENAI_API_KEY", "AUDIO_STT_OPENAI_API_KEY")
"""Variables that hold the municipality's key."""


def environment(
    chat: Chat, slug: str, key: SecretKey, first: SecretKey, contract: PlatformContract, allowed: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The variables of a chat's container, by name.

    Args:
        chat: its section.
        slug: whose it is.
        key: where its own key to the API lies.
        first: where the password of its first account lies.
        contract: the platform's, which has a host and a domain of chats.
        allowed: models that its key may use.
    """
    api = f"https://{contract.host}/v1"
    plain = {
        **SWITCHES,
        **shown(chat, slug, contract),
        **said(chat.words),
        **signed_on(chat.sign_on),
        **models(chat, allowed, contract),
        "OPENAI_API_BASE_URLS": api,
        "RAG_OPENAI_API_BASE_URL": api,
        "AUDIO_STT_OPENAI_API_BASE_URL": api,
        # The first account that an Open WebUI has is its administrator, whatever the issuer says of it: nobody's.
        "WEBUI_ADMIN_EMAIL": f"nobody@{host(slug, contract)}",
    }
    secret = {
        **dict.fromkeys(KEYS, key),
        "DATABASE_URL": chat.database,
        "WEBUI_SECRET_KEY": chat.session_key,
        "WEBUI_ADMIN_PASSWORD": first,
    }
    if chat.sign_on.client_secret is not None:
        secret["OAUTH_CLIENT_SECRET"] = chat.sign_on.client_secret
    return [
        *({"name": name, "value": as_written(value)} for name, value in sorted(plain.items())),
        *({"name": name, "valueFrom": from_secret(source)} for name, source in sorted(secret.items())),
    ]


def as_written(value: str) -> str:
    """A value that no `$(NAME)` in it turns into another variable's, a Secret's for one: Kubernetes reads `$$` as `$`
    (source: Kubernetes, third_party/forked/golang/expansion)."""
    return value.replace("$", "$$")


def from_secret(source: SecretKey) -> dict[str, Any]:
    """A value out of a Secret of the namespace."""
    return {"secretKeyRef": {"name": source.name, "key": source.key}}


def host(slug: str, contract: PlatformContract) -> str:
    """Where a municipality's chat is reached."""
    return f"{slug}.{contract.chat_domain}"


def shown(chat: Chat, slug: str, contract: PlatformContract) -> dict[str, str]:
    """Its name, language and address."""
    url = f"https://{host(slug, contract)}"
    return {
        "WEBUI_NAME": chat.title,
        "DEFAULT_LOCALE": chat.language,
        "WEBUI_URL": url,
        "CORS_ALLOW_ORIGIN": url,
        "OPENID_REDIRECT_URI": f"{url}/oauth/oidc/callback",
    }


def said(words: Words) -> dict[str, str]:
    """What its pages say. Its own name stands behind the title whatever is written: `env.py` sees to it."""
    banners = [banner(one) for one in words.banners]
    prompts = [{"title": [one.title, one.subtitle or ""], "content": one.prompt} for one in words.suggestions]
    return {
        **({"WEBUI_BANNERS": json.dumps(banners, ensure_ascii=False, sort_keys=True)} if banners else {}),
        **({"DEFAULT_PROMPT_SUGGESTIONS": json.dumps(prompts, ensure_ascii=False, sort_keys=True)} if prompts else {}),
        **({"PENDING_USER_OVERLAY_CONTENT": words.waiting} if words.waiting else {}),
    }


def banner(one: Banner) -> dict[str, Any]:
    """A banner as Open WebUI has it. Browsers remember by the name who put it away, so another text has another."""
    content = one.text if one.link is None else f"{one.text} {one.link}"
    return {
        "id": hashlib.sha256(content.encode()).hexdigest()[:12],
        "type": one.kind,
        "content": content,
        "dismissible": one.dismissible,
        "timestamp": 0,
    }


def signed_on(section: SignOn) -> dict[str, str]:
    """Who signs people on, and who may."""
    by_role = section.user_roles or section.admin_roles
    # Roles are read where both lists have one; `*` is any. A token without roles gets the default, and that waits.
    roles = {
        "OAUTH_ROLES_CLAIM": section.roles_claim,
        "OAUTH_ALLOWED_ROLES": ",".join((*section.user_roles, *section.admin_roles)) if section.user_roles else "*",
        "OAUTH_ADMIN_ROLES": ",".join(section.admin_roles or (NOBODY,)),
    }
    return {
        "OPENID_PROVIDER_URL": f"{section.issuer.rstrip('/')}/.well-known/openid-configuration",
        "OAUTH_PROVIDER_NAME": section.name,
        "OAUTH_CLIENT_ID": section.client_id,
        "OAUTH_CODE_CHALLENGE_METHOD": "S256",
        "OAUTH_AUTO_REDIRECT": "true",
        "OAUTH_ALLOWED_DOMAINS": ",".join(section.domains),
        "DEFAULT_USER_ROLE": "pending" if section.user_roles else "user",
        "ENABLE_OAUTH_ROLE_MANAGEMENT": "true" if by_role else "false",
        **(roles if by_role else {}),
    }


def models(chat: Chat, allowed: tuple[str, ...], contract: PlatformContract) -> dict[str, str]:
    """Models to chat with; and of what is allowed, one that reads uploads and one that listens, where there are."""
    tasks = {name: contract.models[name].task for name in allowed if name in contract.models}
    chosen = chat.models or tuple(name for name, task in tasks.items() if task is Task.CHAT)
    reading = next((name for name, task in tasks.items() if task is Task.EMBEDDING), None)
    listening = next((name for name, task in tasks.items() if task is Task.TRANSCRIPTION), None)
    return {
        "OPENAI_API_CONFIGS": json.dumps({"0": {"enable": True, "model_ids": list(chosen)}}, sort_keys=True),
        **(
            {"RAG_EMBEDDING_ENGINE": "openai", "RAG_EMBEDDING_MODEL": reading}
            if reading
            else {"BYPASS_EMBEDDING_AND_RETRIEVAL": "true"}
        ),
        **({"AUDIO_STT_ENGINE": "openai", "AUDIO_STT_MODEL": listening} if listening else {}),
    }
