# SPDX-License-Identifier: MPL-2.0
"""A person at a headless browser. What is there and what happens is read from the page's elements, never from pixels.

Chromium is Debian's; Playwright drives it. The browser knows two hosts, the chat's and the issuer's, and no other name
leads anywhere; it believes the two certificates of theirs by their keys.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from andel.lab.chat_parts import browser_environment, chromium

PATIENCE = 120_000
"""Milliseconds that a page may take on a busy machine."""


@contextmanager
def browser(addresses: Mapping[str, str], certificates: list[str]) -> Iterator[Browser]:
    """A headless Chromium while a block runs.

    Args:
        addresses: the hosts that exist, with their addresses.
        certificates: certificates that are good, as PEM.
    """
    rules = [f"MAP {host} {address}" for host, address in addresses.items()]
    options = [
        f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={','.join(map(fingerprint, certificates))}",
        "--no-sandbox",  # the tier runs as root, whom Chromium's sandbox refuses
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium(),
            args=options,
            env={"PATH": "/usr/bin:/bin", **browser_environment()},
            timeout=PATIENCE,
        )
        try:
            yield started
        finally:
            started.close()


def fingerprint(certificate: str) -> str:
    """SHA-256 of a certificate's public key, as Chromium is told of it."""
    public = load_pem_x509_certificate(certificate.encode()).public_key()
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


class Person:
    """Somebody with a browser of their own, at a chat."""

    def __init__(self, browser: Browser, chat: str) -> None:
        self.chat = chat
        self.context: BrowserContext = browser.new_context(
            locale="da-DK", viewport={"width": 1280, "height": 800}, color_scheme="light"
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.received: list[str] = []
        """What the chat's socket has brought."""
        self.page.on(
            "websocket", lambda socket: socket.on("framereceived", lambda told: self.received.append(str(told)))
        )
        self.asked: set[str] = set()
        """Hosts that the browser has asked for."""
        self.context.on("request", lambda request: self.asked.add(urlsplit(request.url).hostname or ""))

    def arrives(self) -> None:
        """Open the chat; it sends people to its issuer at once."""
        self.page.goto(f"https://{self.chat}/")
        expect(self.page.locator("#kc-login")).to_be_visible(timeout=PATIENCE)

    def signs_on(self, mail: str, password: str) -> None:
        """Write name and password into the issuer's form."""
        self.page.locator("#username").fill(mail)
        self.page.locator("#password").fill(password)
        self.page.locator("#kc-login").click()

    def is_in(self) -> None:
        """The chat lets people write."""
        expect(self.page.locator("#chat-input")).to_be_visible(timeout=PATIENCE)
        assert urlsplit(self.page.url).hostname == self.chat

    def models(self) -> set[str]:
        """Models to choose from, as the list shows them."""
        self.page.locator("#model-selector-model-button").click()
        options = self.page.locator("[role=listbox] [role=option]")
        expect(options.first).to_be_visible(timeout=PATIENCE)
        found = {str(option.get_attribute("data-value")) for option in options.all()}
        self.page.keyboard.press("Escape")
        return found

    def chooses(self, model: str) -> None:
        """Take a model from the list."""
        self.page.locator("#model-selector-model-button").click()
        self.page.locator(f"[role=listbox] [role=option][data-value='{model}']").click()

    def asks(self, question: str) -> str:
        """Send a message and read the answer, which comes in pieces."""
        self.page.locator("#chat-input").click()
        self.page.keyboard.type(question)
        self.page.locator("#send-message-button").click()
        answer = self.page.locator("#response-content-container").last
        # Buttons under an answer come when it is whole.
        expect(self.page.locator("button.copy-response-button").last).to_be_visible(timeout=PATIENCE)
        return answer.inner_text()

    def pieces(self) -> list[str]:
        """Pieces of answers, as the chat's socket brought them one after the other."""
        return [frame for frame in self.received if '"chat:completion"' in frame or '"chat:message:delta"' in frame]

    def config(self) -> dict[str, Any]:
        """What the app tells its page (`/api/config`), to who is signed on here."""
        said: dict[str, Any] = self.page.evaluate(
            "fetch('/api/config', {headers: {authorization: `Bearer ${localStorage.token}`}}).then(a => a.json())"
        )
        return said

    def pictured(self, file: Path) -> None:
        """A screenshot, once what pops up is gone."""
        expect(self.page.locator("[data-sonner-toast]")).to_have_count(0, timeout=PATIENCE)
        self.page.screenshot(path=file)
