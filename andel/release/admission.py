# SPDX-License-Identifier: MPL-2.0
"""What a release makes possible: rules between an environment and the versions that it names."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from andel.economy.rules import RULES as ECONOMY_RULES
from config.contract import PlatformContract
from config.environment import Environment
from config.judge import judge
from config.municipality import Municipality
from config.operators import Managed
from config.section import Mistake, refuse_if_any
from config.serving.llm_d import LlmD
from config.serving.strategies import OwnStrategy

from . import release
from .engines import vllm_role
from .pins import Release
from .vllm import mistakes as argument_mistakes
from .vllm import table, variable_mistakes


def judged(document: object) -> Environment:
    """The environment that a document describes, if it can be made of the release that it names.

    Raises:
        Refusal: it breaks a rule; with all mistakes of the environment, or all of the release.
    """
    environment = judge(document)
    refuse_if_any(mistake for rule in RULES for mistake in rule(environment))
    return environment


def admit(environment: Environment, *, applying: bool) -> Release:
    """The release, if the environment may be made of it. Previews show everything; only what is applied is held back.

    Raises:
        Refusal: images without a digest, and the environment doesn't allow them.
    """
    pinned = release(environment.release.name)
    if applying and not environment.release.allow_unresolved:
        refuse_if_any(
            Mistake(
                ("release", "name"),
                f"{environment.release.name} has no digest for {image}",
                "write it and its source into andel/release, or set release.allowUnresolved (never in production)",
            )
            for image in pinned.unresolved()
        )
    return pinned


def admit_municipality(municipality: Municipality, contract: PlatformContract, *, applying: bool) -> Release:
    """The release that the platform stands on, if a municipality may be made of it.

    Raises:
        Refusal: its chat's image has no digest, and the platform doesn't allow that.
    """
    pinned = release(contract.release)
    if applying and municipality.chat is not None and not contract.allow_unresolved:
        image = pinned.images[CHAT_IMAGE]
        if image.digest is None:
            wrong = f"{contract.release} has no digest for {image.repository}:{image.tag}"
            refuse_if_any([Mistake(("chat",), wrong, "let it be written, with its source, into andel/release")])
    return pinned


CHAT_IMAGE = "open-webui"
"""Role of the chat's image in a release."""


def arguments_that_vllm_refuses(environment: Environment) -> Iterator[Mistake]:
    """Arguments are judged against the parser of the vLLM that will read them."""
    versions = release(environment.release.name).vllm
    for name, model in environment.models.items():
        if model.arguments and (role := vllm_role(model)) is not None:
            for mistake in argument_mistakes(model.arguments, table(versions[role])):
                yield mistake.below(("models", name, "arguments"))


def variables_that_undo_arguments(environment: Environment) -> Iterator[Mistake]:
    """What the platform writes as an argument is not undone by a variable."""
    for name, model in environment.models.items():
        if vllm_role(model) is not None:
            for field, names in (("variables", model.variables), ("secrets", model.secrets)):
                for mistake in variable_mistakes(names):
                    yield mistake.below(("models", name, field))


def plugins_that_no_picker_has(environment: Environment) -> Iterator[Mistake]:
    """A strategy of one's own is made of plugins that the release's picker knows."""
    known = release(environment.release.name).epp.plugins
    for name, model in environment.models.items():
        strategy = model.serving.strategy if isinstance(model.serving, LlmD) else None
        for index, plugin in enumerate(strategy.plugins if isinstance(strategy, OwnStrategy) else ()):
            if plugin.type not in known:
                path = ("models", name, "serving", "strategy", "plugins", index, "type")
                near = get_close_matches(plugin.type, sorted(known), n=1, cutoff=0) or ["another"]
                yield Mistake(path, f"the release's picker has no {plugin.type}", f"write {near[0]}, or take it away")


def strategies_that_no_picker_has(environment: Environment) -> Iterator[Mistake]:
    """Some strategies, and prefill parts, need plugins that only llm-d's own picker has."""
    known = release(environment.release.name).epp.plugins
    needs = {"precise-prefix": "precise-prefix-cache-scorer", "sticky-until-saturated": "token-load-scorer"}
    for name, model in environment.models.items():
        if not isinstance(model.serving, LlmD):
            continue
        strategy, path = model.serving.strategy.kind, ("models", name, "serving")
        if needs.get(strategy, "queue-scorer") not in known:
            yield Mistake((*path, "strategy", "kind"), f"the release's picker can't be {strategy}", "write balanced")
        if model.serving.prefill and "disagg-profile-handler" not in known:
            yield Mistake((*path, "prefill"), "the release's picker knows no prefill part", "take it away")


WITHOUT_A_CHART = ("authorino", "modelmesh")
"""Operators that the platform writes itself: their makers publish no chart."""


def operators_without_a_chart(environment: Environment) -> Iterator[Mistake]:
    """What is installed comes from a chart of the release."""
    charts = release(environment.release.name).charts
    for field, setting in type(environment.operators).model_fields.items():
        if field in WITHOUT_A_CHART:
            continue
        if isinstance(getattr(environment.operators, field), Managed) and field not in charts:
            path = ("operators", setting.alias or field, "kind")
            yield Mistake(path, "the release has no chart of it", "write existing, and install it yourself")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    arguments_that_vllm_refuses,
    variables_that_undo_arguments,
    plugins_that_no_picker_has,
    strategies_that_no_picker_has,
    operators_without_a_chart,
    *ECONOMY_RULES,
)
"""Every rule of the release, and of the economy where only counting shows a mistake."""
