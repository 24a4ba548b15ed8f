# SPDX-License-Identifier: MPL-2.0
"""Arguments of `vllm serve` that are not set by hand: what says them instead, or why nobody may.

Two kinds. What the platform's arithmetic, routes and quotas rest on is said once, by a setting of the model's section.
What would open the engine (keys, code of others, files, other listeners) is said by nobody.
"""

from collections.abc import Iterable, Iterator

from config.section import Mistake


def _each(names: str, reason: str) -> Iterable[tuple[str, str]]:
    return ((name, reason) for name in names.split())


_ROUTE = "the platform's routes and probes rest on it; leave it out"
_EDGE = "the gateway decides who comes in, with what key and under which certificate; leave it out"
_CODE = "it runs code of others inside the engine; put what is needed into the model's image and leave it out"
_PROMPTS = "prompts and answers are never logged; leave it out"
_LISTENER = "it opens the engine to more than the platform guards; leave it out"
_DISAGGREGATED = "use the model's `serving` (kind llm-d), which writes both ends of a connector"
_PARALLEL = "use the model's `gpus` and `serving`, by which its GPUs are counted"
_ADAPTERS = "use the model's `lora`"
_FILES = "what an engine may read is decided by the platform; leave it out"

OWNED: dict[str, str] = dict(
    (
        *_each("model", "use the model's `source`"),
        *_each("hf-config-path tokenizer", "use the model's `source`, which brings all its files"),
        *_each("revision code-revision tokenizer-revision", "name the revision in the model's `source`"),
        *_each("hf-token", "use the model's `credentials` or `secrets`: arguments can be read by everybody"),
        *_each("served-model-name", "the model's key in `models` is its public name"),
        *_each("max-model-len", "use the model's `contextTokens`"),
        *_each("gpu-memory-utilization kv-cache-memory-bytes num-gpu-blocks-override", "use `gpuMemoryUtilization`"),
        *_each("dtype", "use the model's `size.dtype`, by which its fit is judged"),
        *_each("kv-cache-dtype", "use the model's `size.kvCache.dtype`, by which its fit is judged"),
        *_each("runner convert task", "use the model's `task`"),
        *_each(
            "tensor-parallel-size pipeline-parallel-size data-parallel-size data-parallel-size-local"
            " data-parallel-rank data-parallel-start-rank data-parallel-address data-parallel-rpc-port"
            " data-parallel-backend data-parallel-external-lb data-parallel-hybrid-lb"
            " data-parallel-multi-port-external-lb data-parallel-supervisor-port prefill-context-parallel-size"
            " decode-context-parallel-size enable-expert-parallel nnodes node-rank master-addr master-port headless"
            " distributed-executor-backend device-ids api-server-count elastic-ep-max-dp-size enable-elastic-ep"
            " dp-supervisor-probe-failure-threshold dp-supervisor-probe-interval-s dp-supervisor-probe-timeout-s",
            _PARALLEL,
        ),
        *_each(
            "kv-transfer-config kv-events-config ec-transfer-config kv-offloading-size kv-offloading-backend",
            _DISAGGREGATED,
        ),
        *_each("swap-space cpu-offload-gb", "main memory is counted by `resources`; use `serving.kvOffload`"),
        *_each(
            "enable-lora lora-modules max-loras max-lora-rank max-cpu-loras fully-sharded-loras default-mm-loras"
            " enable-lora-bias",
            _ADAPTERS,
        ),
        *_each("host port uds root-path grpc grpc-port config h11-max-header-count", _ROUTE),
        *_each("disable-access-log-for-endpoints disable-uvicorn-access-log", "the platform writes it: leave it out"),
        *_each("h11-max-incomplete-event-size enable-request-id-headers shutdown-timeout", _ROUTE),
        *_each("enable-force-include-usage enable-prompt-tokens-details", "usage is always counted: leave it out"),
        *_each("scheduling-policy", "tiers decide about priority; leave it out"),
        *_each(
            "api-key ssl-keyfile ssl-certfile ssl-ca-certs ssl-cert-reqs ssl-ciphers enable-ssl-refresh"
            " allow-credentials allowed-origins allowed-methods allowed-headers",
            _EDGE,
        ),
        *_each(
            "enable-log-requests disable-log-requests enable-log-outputs enable-log-deltas max-log-len log-config-file"
            " logging-config log-level uvicorn-log-level log-error-stack",
            _PROMPTS,
        ),
        *_each("otlp-traces-endpoint collect-detailed-traces", "use the model's `tracing`"),
        *_each("disable-log-stats aggregate-engine-logging", "scaling and quotas are driven by these figures"),
        *_each(
            "enable-sleep-mode sleep-mode-backend sleep-mode-offload-cudagraph sleep-preserve-parameter-names",
            "use the model's `scaling`; sleep has routes that nothing guards",
        ),
        *_each(
            "middleware tool-parser-plugin reasoning-parser-plugin io-processor-plugin logits-processors scheduler-cls"
            " worker-cls worker-extension-cls logits-processor-pattern trust-remote-code model-class-overrides",
            _CODE,
        ),
        *_each(
            "tool-server tokens-only enable-scale-out enable-tokenizer-info-endpoint profiler-config"
            " weight-transfer-config trust-request-chat-template trust-request-mm-kwargs enable-prompt-embeds"
            " enable-mm-embeds enable-trace-replay enable-offline-docs",
            _LISTENER,
        ),
        *_each("download-dir allowed-local-media-path watchdog-config", _FILES),
    )
)
"""Argument, and how to mend a config that sets it. Names of versions without a table stand here too: they are said by
their setting, rather than to be unknown."""

OWNED_FIELDS = {name.replace("-", "_"): mend for name, mend in OWNED.items() if mend == _CODE}
"""Fields that nobody may set, in whatever object they stand."""

OWNED_VARIABLES: dict[str, str] = dict(
    (
        *_each("VLLM_API_KEY VLLM_HOST_IP VLLM_PORT VLLM_USE_RUST_FRONTEND", _ROUTE),
        *_each(
            "VLLM_REQUEST_BODY_LOG_LEVEL VLLM_DEBUG_LOG_API_SERVER_RESPONSE VLLM_LOGGING_CONFIG_PATH"
            " VLLM_TRACE_FUNCTION",
            _PROMPTS,
        ),
        *_each("VLLM_SERVER_DEV_MODE VLLM_MEDIA_URL_ALLOW_REDIRECTS VLLM_MEDIA_CONNECTOR", _LISTENER),
        *_each("VLLM_PLUGINS VLLM_ALLOW_INSECURE_SERIALIZATION", _CODE),
        *_each(
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING VLLM_LORA_RESOLVER_CACHE_DIR VLLM_LORA_RESOLVER_HF_REPO_LIST", _ADAPTERS
        ),
        *_each(
            "VLLM_NO_USAGE_STATS VLLM_DO_NOT_TRACK VLLM_USAGE_STATS_SERVER VLLM_USAGE_SOURCE",
            "vLLM tells nobody that it runs; leave it out",
        ),
        *_each("VLLM_CPU_KVCACHE_SPACE", "use the model's `size.kvCache`, by which it is counted"),
    )
)
"""Variables of vLLM that would undo its arguments, and how to mend a config that sets one (source: vLLM 0.33.0,
envs.py)."""


def variable_mistakes(names: Iterable[str]) -> Iterator[Mistake]:
    """Variables that are not set by hand. The path of a mistake is the variable."""
    for name in names:
        if name in OWNED_VARIABLES:
            yield Mistake((name,), "is written by the platform", OWNED_VARIABLES[name])
