# SPDX-License-Identifier: MPL-2.0
"""A token as an application gets it for somebody: the realm's own client, its form, a code, and PKCE (RFC 7636)."""

import base64
import hashlib
import html
import re
import secrets
from urllib.parse import parse_qs, urlsplit

from .keycloak import Keycloak


def token(issuer: Keycloak, realm: str, mail: str, password: str, chat: str) -> str:
    """An access token of a realm for somebody who signs on.

    Args:
        issuer: the Keycloak.
        realm: the realm.
        mail: who signs on.
        password: theirs.
        chat: host to which the client `chat` sends people back.
    """
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back = f"https://{chat}/oauth/oidc/callback"
    asked = {"client_id": "chat", "redirect_uri": back, "response_type": "code", "scope": "openid"}
    base = f"/realms/{realm}/protocol/openid-connect"
    with issuer.http() as client:
        form = client.get(
            f"{base}/auth", params={**asked, "code_challenge": challenge, "code_challenge_method": "S256"}
        )
        action = re.search(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"', form.text)
        assert action, form.text
        # The client's own jar has them under the address that the host was found at, and sends none back.
        cookies = "; ".join(one.split(";")[0] for one in form.headers.get_list("set-cookie"))
        filled = {"username": mail, "password": password}
        sent = client.post(html.unescape(action[1]), data=filled, headers={"Cookie": cookies})
        assert sent.status_code == 302, sent.text
        (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
        given = {"grant_type": "authorization_code", "client_id": "chat", "code": code, "redirect_uri": back}
        answer = client.post(f"{base}/token", data={**given, "code_verifier": verifier})
    return str(answer.raise_for_status().json()["access_token"])
