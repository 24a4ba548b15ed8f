# SPDX-License-Identifier: MPL-2.0
"""A comment no longer than a forge accepts: long sections are shortened, the last first, then cut; it says so."""

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
    whole = _joined([section.text for section in sections])
    if len(whole) <= longest:
        return whole
    texts = [*(section.short or section.text for section in sections), SHORTENED]
    for place, section in enumerate(sections):
        # What comes first matters most, and gets the room that there is.
        if len(_joined(texts)) - len(texts[place]) + len(section.text) <= longest:
            texts[place] = section.text
    whole = _joined(texts)
    return whole if len(whole) <= longest else _cut(whole, longest)


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(texts) + "\n"


def _cut(whole: str, longest: int) -> str:
    """The whole lines that fit; what is open at the cut is closed, so that the last words are read as such."""
    room = longest - len(CUT) - 40
    kept = whole[:room].rpartition("\n")[0]
    lines = kept.splitlines()
    fences = [line for line in lines if line.startswith("```")]
    ends = [f"{fences[-1][: len(fences[-1]) - len(fences[-1].lstrip('`'))]}"] if len(fences) % 2 else []
    # Where a line begins, they are ours: what a config says stands behind a sign or in code.
    ends += ["</details>"] * (sum(line.startswith("<details>") for line in lines) - lines.count("</details>"))
    return "\n".join((kept, *ends, "", CUT, ""))
