# SPDX-License-Identifier: MPL-2.0
"""Notices: what is allowed today and won't be for ever, or wants a thought. They are told, and refuse nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .section import Mistake
from .serving import KubeAi
from .serving.huggingface import DEPRECATED, HuggingFace
from .serving.modelmesh import ARCHIVED

if TYPE_CHECKING:
    from .environment import Environment
    from .municipality import Municipality


def notices(environment: Environment) -> Iterator[Mistake]:
    """All that is on its way out, with its place and what to write instead."""
    if environment.modelmesh is not None:
        yield Mistake(("modelmesh",), ARCHIVED, "write llm-d or kserve for models that are called all day")
    for name, model in environment.models.items():
        if isinstance(model.serving, HuggingFace):
            mend = "write kserve: name, keys and limits stay"
            yield Mistake(("models", name, "serving", "kind"), DEPRECATED, mend)
        if environment.pooling is not None and isinstance(model.serving, KubeAi) and model.gpus:
            wrong = "its pods carry no label for Kueue: they take GPUs past all queues"
            yield Mistake(("models", name, "serving", "kind"), wrong, "guarantee less of its pool, or write kserve")


def notices_of_municipality(municipality: Municipality) -> Iterator[Mistake]:
    """What a municipality may do and should think about."""
    if municipality.chat is not None and municipality.chat.retention.chats is None:
        path = ("chat", "retention", "chats")
        yield Mistake(path, "chats are kept until people delete them", "write after how many days they go")
