# SPDX-License-Identifier: MPL-2.0
"""What the chat is tried with is what is shipped, and is pinned."""

import re

from andel.lab import debian
from andel.lab.chat_parts import HERE
from andel.release.r2026_11 import RELEASE


def test_the_open_webui_that_is_tried_is_the_one_of_the_release() -> None:
    tag = RELEASE.images["open-webui"].tag
    assert f"open-webui=={tag.removeprefix('v')} " in (HERE / "python/open-webui.txt").read_text()


def test_no_engine_of_its_own_is_installed() -> None:
    """They would be gigabytes that nothing of the platform calls."""
    installed = re.findall(r"^([a-z0-9-]+)==", (HERE / "python/open-webui.txt").read_text(), re.M)
    assert {"open-webui", "psycopg2-binary"} <= set(installed)
    assert not {"torch", "triton"} & set(installed)


def test_the_browser_is_pinned_by_hash() -> None:
    pins = list(debian.pins(HERE / "debian/chromium-amd64.txt"))
    assert {"chromium", "chromium-common", "libnss3", "fonts-dejavu-core"} <= {name for name, _, _ in pins}
    assert all(re.fullmatch(r"[0-9a-f]{64}", checksum) for _, _, checksum in pins)


def test_keycloak_is_pinned_by_hash() -> None:
    lines = [one for one in (HERE / "java/keycloak.txt").read_text().splitlines() if not one.startswith("#")]
    assert re.fullmatch(r"org\.keycloak:[a-z-]+:zip \d+\.\d+\.\d+ [0-9a-f]{64}", lines[0])
    assert all(one.startswith("--") for one in lines[1:])
