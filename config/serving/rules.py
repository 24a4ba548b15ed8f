# SPDX-License-Identifier: MPL-2.0
"""Rules between a model's serving kind and the rest of the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..scalars import gibibytes
from ..scaling import LONGEST_HOLD, Load, Scaling, Variant
from ..section import Mistake, again
from .kserve import KServe
from .llm_d import Data, LlmD, OneNode
from .strategies import LoraAffinity, OwnStrategy, PrecisePrefix

if TYPE_CHECKING:
    from ..environment import Environment
    from ..models import Model

HEADROOM = 4
"""GiB of main memory that an engine needs beside what it keeps of the KV cache there."""


def _served(environment: Environment, *kinds: type) -> Iterator[tuple[str, Model]]:
    """Models of some serving kinds."""
    return ((name, model) for name, model in environment.models.items() if isinstance(model.serving, kinds))


def pickers_for_models_without_tokens(environment: Environment) -> Iterator[Mistake]:
    """KServe's LLMInferenceService routes completions and chat; other tasks need another serving kind."""
    for name, model in _served(environment, LlmD):
        if model.task != "chat":
            path = ("models", name, "serving", "kind")
            yield Mistake(path, f"llm-d serves chat, and this model is for {model.task}", "write kserve")


def cores_behind_a_picker(environment: Environment) -> Iterator[Mistake]:
    """vLLM's image for processors has no llm-d build."""
    for name, model in _served(environment, LlmD):
        if not model.gpus:
            yield Mistake(("models", name, "gpus"), "llm-d runs on GPUs alone", "write 1 or more, or serve by kserve")


def variants_without_a_picker(environment: Environment) -> Iterator[Mistake]:
    """The variant autoscaler reads the picker's pool."""
    for name, model in environment.models.items():
        if isinstance(model.scaling, Variant) and not isinstance(model.serving, LlmD):
            path = ("models", name, "scaling", "kind")
            yield Mistake(path, f"variants are scaled for llm-d, and this is {model.serving.kind}", "write load")


def load_without_a_meter(environment: Environment) -> Iterator[Mistake]:
    """KEDA asks Prometheus."""
    for name, model in _served(environment, LlmD, KServe):
        scalings: dict[tuple[str, ...], Scaling] = {("scaling",): model.scaling}
        if isinstance(model.serving, LlmD) and model.serving.prefill:
            scalings["serving", "prefill", "scaling"] = model.serving.prefill.scaling
        for path, scaling in scalings.items():
            if not isinstance(scaling, Load):
                continue
            if environment.monitoring is None or environment.monitoring.prometheus is None:
                wrong = "load is measured by Prometheus, and the environment names none"
                yield Mistake(("models", name, *path, "kind"), wrong, "set monitoring.prometheus, or write fixed")


def requests_that_nothing_holds(environment: Environment) -> Iterator[Mistake]:
    """A Service has no queue; a picker without flow control has none either."""
    for name, model in _served(environment, LlmD, KServe):
        scaling = model.scaling
        if not isinstance(scaling, Load) or scaling.least or scaling.when_asleep == "refuse":
            continue
        if not isinstance(model.serving, LlmD) or model.serving.flow_control is None:
            wrong = f"nothing holds a request while {model.serving.kind} has no replica"
            mend = "write refuse (503 with Retry-After), raise minReplicas, or serve by llm-d with flowControl"
            yield Mistake(("models", name, "scaling", "whenAsleep"), wrong, mend)


def requests_held_all_the_same(environment: Environment) -> Iterator[Mistake]:
    """Flow control keeps every request that finds no pod."""
    for name, model in _served(environment, LlmD):
        scaling, flow = model.scaling, getattr(model.serving, "flow_control", None)
        if isinstance(scaling, Load) and not scaling.least and scaling.when_asleep == "refuse" and flow is not None:
            wrong = "flow control holds every request that finds no pod"
            path = ("models", name, "scaling", "whenAsleep")
            yield Mistake(path, wrong, "write hold, or set serving.flowControl to null")


def requests_held_too_briefly(environment: Environment) -> Iterator[Mistake]:
    """A held request must outlive the loading of the model."""
    for name, model in _served(environment, LlmD):
        scaling, flow = model.scaling, getattr(model.serving, "flow_control", None)
        if not isinstance(scaling, Load) or scaling.least or scaling.when_asleep == "refuse" or flow is None:
            continue
        if model.load_seconds > LONGEST_HOLD:
            wrong = f"a request is held {LONGEST_HOLD} s at most, and the model takes {model.load_seconds} s to load"
            path: tuple[str, ...] = ("models", name, "scaling", "whenAsleep")
            yield Mistake(path, wrong, "write refuse, raise minReplicas, or lower loadSeconds to what it really takes")
        elif flow.hold_seconds <= model.load_seconds:
            wrong = f"a request is held {flow.hold_seconds} s, and the model takes {model.load_seconds} s to load"
            path = ("models", name, "serving", "flowControl", "holdSeconds")
            yield Mistake(path, wrong, f"write more than {model.load_seconds}")


def prefill_wider_than_decode(environment: Environment) -> Iterator[Mistake]:
    """NIXL hands the cache of a prefill GPU to one or several decode GPUs, never the other way (source: llm-d)."""
    for name, model in _served(environment, LlmD):
        prefill = model.serving.prefill if isinstance(model.serving, LlmD) else None
        if prefill and prefill.gpus > model.gpus:
            wrong = f"a prefill pod has {prefill.gpus} GPUs and a decode pod {model.gpus}"
            yield Mistake(("models", name, "serving", "prefill", "gpus"), wrong, f"write {model.gpus} or less")


def prefill_of_many_nodes(environment: Environment) -> Iterator[Mistake]:
    """Prefill and decode pods are whole replicas."""
    for name, model in _served(environment, LlmD):
        serving = model.serving
        if isinstance(serving, LlmD) and serving.prefill and not isinstance(serving.spread, OneNode):
            wrong = "a replica that lies on several nodes has no prefill part of its own"
            yield Mistake(("models", name, "serving", "prefill"), wrong, "take it away, or write spread one-node")


def prefill_scaled_by_another(environment: Environment) -> Iterator[Mistake]:
    """Both parts are scaled by one actuator (source: KServe, validation of LLMInferenceService)."""
    for name, model in _served(environment, LlmD):
        prefill = model.serving.prefill if isinstance(model.serving, LlmD) else None
        if prefill and isinstance(prefill.scaling, Variant) != isinstance(model.scaling, Variant):
            wrong = f"prefill scales by {prefill.scaling.kind} and decode by {model.scaling.kind}"
            yield Mistake(
                ("models", name, "serving", "prefill", "scaling", "kind"), wrong, "let both be variant, or none"
            )


def prefill_asleep_alone(environment: Environment) -> Iterator[Mistake]:
    """A part that sleeps while the other is awake answers nothing."""
    for name, model in _served(environment, LlmD):
        prefill = model.serving.prefill if isinstance(model.serving, LlmD) else None
        if prefill and not prefill.scaling.least:
            path = ("models", name, "serving", "prefill", "scaling", "minReplicas")
            yield Mistake(path, "prompts would wait for ever: nothing wakes the prefill part", "write 1 or more")


def engines_that_do_not_divide(environment: Environment) -> Iterator[Mistake]:
    """Every GPU of a pod belongs to one engine."""
    for name, model in _served(environment, LlmD):
        spread = model.serving.spread if isinstance(model.serving, LlmD) else None
        if isinstance(spread, Data) and model.gpus % spread.tensor:
            wrong = f"{model.gpus} GPUs of a pod don't divide into engines of {spread.tensor}"
            path = ("models", name, "serving", "spread", "tensor")
            yield Mistake(path, wrong, f"write a divisor of {model.gpus}")


def more_nodes_than_the_pool(environment: Environment) -> Iterator[Mistake]:
    """The pods of a replica stand on different nodes."""
    for name, model in _served(environment, LlmD):
        pool, spread = environment.pools.get(model.pool), getattr(model.serving, "spread", OneNode())
        if pool is not None and spread.pods > pool.nodes.count:
            wrong = f"a replica lies on {spread.pods} nodes, {model.pool} has {pool.nodes.count}"
            yield Mistake(("models", name, "serving", "spread", "nodes"), wrong, f"write {pool.nodes.count} or less")


def offloads_beyond_memory(environment: Environment) -> Iterator[Mistake]:
    """KV cache in main memory is a part of what the pod may use."""
    for name, model in _served(environment, LlmD, KServe):
        offload = getattr(model.serving, "kv_offload", None)
        if offload and gibibytes(offload.memory) + HEADROOM > gibibytes(model.resources.memory):
            wrong = f"{offload.memory} for KV cache and {HEADROOM}Gi beside it are above resources.memory"
            path = ("models", name, "serving", "kvOffload", "memory")
            yield Mistake(path, f"{wrong}, {model.resources.memory}", "lower it, or raise resources.memory")


def offloads_of_no_cache(environment: Environment) -> Iterator[Mistake]:
    """Only what is kept can be moved."""
    for name, model in _served(environment, LlmD, KServe):
        if getattr(model.serving, "kv_offload", None) and (model.size.kv_cache is None or not model.gpus):
            wrong = "the model keeps no KV cache on a GPU that could be moved"
            yield Mistake(("models", name, "serving", "kvOffload"), wrong, "take it away")


def adapter_affinity_without_adapters(environment: Environment) -> Iterator[Mistake]:
    """Pods differ by their adapters, or not at all."""
    for name, model in _served(environment, LlmD):
        strategy = getattr(model.serving, "strategy", None)
        if isinstance(strategy, LoraAffinity) and not (model.lora and (model.lora.adapters or model.lora.dynamic)):
            path = ("models", name, "serving", "strategy", "kind")
            yield Mistake(path, "the model has no adapters", "declare lora, or write balanced")


def events_for_one_of_many(environment: Environment) -> Iterator[Mistake]:
    """Engines tell the picker's Service what they cache, and it hands each connection to one picker alone."""
    for name, model in _served(environment, LlmD):
        serving = model.serving
        if isinstance(serving, LlmD) and isinstance(serving.strategy, PrecisePrefix) and serving.picker_replicas > 1:
            wrong = f"of {serving.picker_replicas} pickers one alone would hear what an engine caches"
            yield Mistake(("models", name, "serving", "pickerReplicas"), wrong, "write 1, or choose another strategy")


def steps_without_a_plugin(environment: Environment) -> Iterator[Mistake]:
    """A profile means plugins of its strategy."""
    for name, model in _served(environment, LlmD):
        strategy = getattr(model.serving, "strategy", None)
        if not isinstance(strategy, OwnStrategy):
            continue
        path = ("models", name, "serving", "strategy")
        names = [plugin.name or plugin.type for plugin in strategy.plugins]
        for index, plugin in again(names):
            yield Mistake((*path, "plugins", index), f"plugin {plugin} stands here twice", "give one another name")
        for index, profile in enumerate(strategy.profiles):
            for place, step in enumerate(profile.plugins):
                if step.plugin not in names:
                    at = (*path, "profiles", index, "plugins", place, "plugin")
                    yield Mistake(at, f"there is no plugin {step.plugin}", f"write one of {', '.join(names)}")


def profiles_that_prefill_needs(environment: Environment) -> Iterator[Mistake]:
    """A picker of two parts asks two profiles, by these names."""
    for name, model in _served(environment, LlmD):
        serving = model.serving
        if not isinstance(serving, LlmD) or not isinstance(serving.strategy, OwnStrategy) or not serving.prefill:
            continue
        missing = {"prefill", "decode"} - {profile.name for profile in serving.strategy.profiles}
        if missing:
            wrong = f"a picker of two parts asks profiles prefill and decode, and there is no {sorted(missing)[0]}"
            yield Mistake(("models", name, "serving", "strategy", "profiles"), wrong, "add it")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    pickers_for_models_without_tokens,
    cores_behind_a_picker,
    variants_without_a_picker,
    load_without_a_meter,
    requests_that_nothing_holds,
    requests_held_all_the_same,
    requests_held_too_briefly,
    prefill_wider_than_decode,
    prefill_of_many_nodes,
    prefill_scaled_by_another,
    prefill_asleep_alone,
    engines_that_do_not_divide,
    more_nodes_than_the_pool,
    offloads_beyond_memory,
    offloads_of_no_cache,
    adapter_affinity_without_adapters,
    events_for_one_of_many,
    steps_without_a_plugin,
    profiles_that_prefill_needs,
)
"""Every rule of serving."""
