# SPDX-License-Identifier: MPL-2.0
"""A comment no longer than a forge accepts: long sections are shortened from the end, then cut, and it says so."""

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 65_536
"""Characters of the longest comment (source: GitHub's answer, `Body is too long (maximum is 65536 characters)`)."""

SHORTENED = "Shortened: not every property is listed here. `andel preview` with the same revisions shows all."
CUT = "Cut here: it is longer than a comment may be. `andel preview` with the same revisions shows all."


@dataclass(frozen=True)
class Section:
    """A section, and what stands for it where there is no room."""

    text: str
    short: str = ""
    """Empty where it can't be shortened."""


def fitted(sections: Sequence[Section], longest: int = LONGEST) -> str:
    """Sections one below the other, in no more characters than may be."""
    texts = [section.text for section in sections]
    shortened = False
    for place in reversed(range(len(sections))):
        if _length(texts) + (len(SHORTENED) + 2) * shortened <= longest:
            break
        if sections[place].short:
            texts[place], shortened = sections[place].short, True
    if shortened:
        texts.append(SHORTENED)
    whole = "\n\n".join(texts) + "\n"
    return whole if len(whole) <= longest else _cut(whole, longest)


def _length(texts: Sequence[str]) -> int:
    return sum(map(len, texts)) + 2 * len(texts)


def _cut(whole: str, longest: int) -> str:
    """The whole lines that fit; what is open at the cut is closed, so that the last words are read as such."""
    room = longest - len(CUT) - 40
    kept = whole[:room].rpartition("\n")[0]
    fences = [line for line in kept.splitlines() if line.startswith("```")]
    ends = [f"{fences[-1][: len(fences[-1]) - len(fences[-1].lstrip('`'))]}"] if len(fences) % 2 else []
    ends += ["</details>"] * (kept.count("<details>") - kept.count("</details>"))
    return "\n".join((kept, *ends, "", CUT, ""))
