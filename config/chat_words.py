# SPDX-License-Identifier: MPL-2.0
"""What a municipality writes on its chat's pages: banners, a word to who waits, and prompts to begin with.

Open WebUI reads some of it as Markdown and puts it into its pages as HTML, cleaned. Here it is text and nothing else:
no sign of Markdown, of HTML or of a variable is a letter of it, and an address stands in a field of its own.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, model_validator

from .scalars import form
from .section import Mistake, Section, again, refuse_if_any

LETTERS = "A-Za-zÀ-ÖØ-öø-ž"
SIGNS = "-.,:;?!'’\"”“()/%+–—§€@"


def _no_address(value: str) -> str:
    if "//" in value or "www." in value.lower():
        raise ValueError("an address within a text; write it in a field `link` of its own, or leave it out")
    return value


InertText = Annotated[
    str,
    form(rf"^[{LETTERS}0-9][{LETTERS}0-9 {SIGNS}]*$", f"write letters, digits, spaces and {SIGNS} on one line", 300),
    AfterValidator(_no_address),
]
"""A text for people on one line, which nothing reads as more than that."""

Link = Annotated[
    str,
    form(
        r"^https://([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]+(/[-A-Za-z0-9_.~/]*)?$",
        "write an address with https, as https://intra.example.dk/ai",
        300,
    ),
]
"""An address that people follow."""


class Banner(Section):
    """A line at the top of every page."""

    text: InertText
    """What it says."""

    link: Link | None = None
    """Where more is to be read, or help to be had; it stands behind the text."""

    kind: Literal["info", "success", "warning", "error"] = "info"
    """Its colour."""

    dismissible: StrictBool = True
    """Whether somebody may put it away for good. A text that changes comes back."""


class Suggestion(Section):
    """A prompt to begin with, on the page of a new chat."""

    title: InertText
    """What stands on it."""

    subtitle: InertText | None = None
    """What stands below."""

    prompt: InertText
    """What is written when somebody chooses it."""


class Words(Section):
    """What its pages say beside the title. Open WebUI's own name and marks stay: its licence says so."""

    banners: Annotated[tuple[Banner, ...], Field(max_length=5)] = ()
    """Lines at the top of every page."""

    waiting: InertText | None = None
    """What somebody reads who has signed on and may not chat yet."""

    suggestions: Annotated[tuple[Suggestion, ...], Field(max_length=12)] = ()
    """Prompts to begin with. Left out, Open WebUI shows its own, which are English."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def banners_said_twice(words: Words) -> Iterator[Mistake]:
    """Who puts one away would have put both away."""
    for index, text in again(banner.text for banner in words.banners):
        yield Mistake(("banners", index, "text"), f"{text!r} stands here twice", "take one away")


RULES: tuple[Callable[[Words], Iterator[Mistake]], ...] = (banners_said_twice,)
"""Rules within what its pages say."""
