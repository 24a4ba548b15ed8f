# SPDX-License-Identifier: MPL-2.0
"""Which images a lab's node has, under which names: those of the release, holding programs that build or install here.

Behind vLLM's names is llm-d's inference simulator, which speaks vLLM's API and metrics; behind Valkey's is Debian's
Redis 7.0, of which Valkey is a fork. Envoy is 1.39.1 where Envoy Gateway asks for 1.38.1, of which no package exists.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from andel.release import release
from andel.release.pins import Image as ReleaseImage
from config.environment import Environment

from .debian import program
from .errors import LabError
from .images import Image, with_libraries
from .live_parts import PICKER
from .node_parts import (
    AI_GATEWAY_CONTROLLER,
    AI_GATEWAY_EXTPROC,
    AUTHORINO,
    ENVOY_GATEWAY,
    FORWARD,
    IDLE,
    RATE_LIMIT,
    VLLM_FRONT,
)
from .parts import Part
from .simulator_part import ENVOY, SIMULATOR

CHARTS_OWN = (
    # Source: Envoy Gateway v1.8.3, its chart's values and api/v1alpha1/shared_types.go.
    ReleaseImage(repository="docker.io/envoyproxy/gateway", tag="v1.8.3"),
    ReleaseImage(repository="docker.io/envoyproxy/envoy", tag="distroless-v1.38.3"),
    ReleaseImage(repository="docker.io/envoyproxy/ratelimit", tag="1e50889b"),
    # Source: Envoy AI Gateway v1.0.0, its chart's values.
    ReleaseImage(repository="docker.io/envoyproxy/ai-gateway-controller", tag="v1.0.0"),
    ReleaseImage(repository="docker.io/envoyproxy/ai-gateway-extproc", tag="v1.0.0"),
    # Source: KServe v0.20.0, its chart's values.
    ReleaseImage(repository="docker.io/kserve/storage-initializer", tag="v0.20.0"),
)
"""Images that operators' charts name themselves."""


def wanted(environment: Environment) -> dict[str, Image]:
    """Every image that the environment's release can have on a node of the lab, by each name that manifests may use."""
    contents, mirror = _contents(), environment.mirror.images
    return {
        name: contents[image.repository]
        for image in (*CHARTS_OWN, *release(environment.release.name).images.values())
        if image.repository in contents
        for name in names(image, mirror)
    }


def names(image: ReleaseImage, mirror: str | None) -> set[str]:
    """Names of an image, with and without the environment's mirror. The runtime drops a tag that a digest follows."""
    references = {image.reference(), image.reference(mirror)}
    return {_without_tag(reference) for reference in references}


def _without_tag(reference: str) -> str:
    name, at, digest = reference.partition("@")
    return f"{name.rsplit(':', 1)[0]}@{digest}" if at else name


def content(repository: str) -> Image:
    """What is behind a repository's name.

    Raises:
        LabError: no program of it builds or installs here.
    """
    if repository not in _contents():
        raise LabError(f"there is no image of {repository}; those that can be made here: {', '.join(_contents())}")
    return _contents()[repository]


@cache
def _contents() -> Mapping[str, Image]:
    """What is behind each repository."""
    redis, vllm = _redis(), simulated()
    return {
        "docker.io/envoyproxy/gateway": _static(ENVOY_GATEWAY, "/usr/local/bin/envoy-gateway"),
        "docker.io/envoyproxy/envoy": Image(
            files=with_libraries({"/usr/local/bin/envoy": ENVOY.folder / "envoy"}),
            entrypoint=["/usr/local/bin/envoy"],
        ),
        "docker.io/envoyproxy/ratelimit": _static(RATE_LIMIT, "/bin/ratelimit"),
        "docker.io/envoyproxy/ai-gateway-controller": _static(AI_GATEWAY_CONTROLLER, "/app"),
        "docker.io/envoyproxy/ai-gateway-extproc": _static(AI_GATEWAY_EXTPROC, "/app"),
        "quay.io/kuadrant/authorino": _static(AUTHORINO, "/usr/bin/authorino", "server"),
        # KServe starts every picker as the router's image has it (source: preset of v0.20.0's scheduler).
        "registry.k8s.io/gateway-api-inference-extension/epp": _static(PICKER, "/app/epp"),
        "ghcr.io/llm-d/llm-d-uds-tokenizer": _static(IDLE, "/idle"),
        "docker.io/vllm/vllm-openai": vllm,
        "docker.io/vllm/vllm-openai-cpu": vllm,
        "ghcr.io/llm-d/llm-d-cuda": vllm,
        "docker.io/kserve/storage-initializer": replace(vllm, entrypoint=["/usr/local/bin/vllm", "fetch"]),
        "docker.io/valkey/valkey": redis,
        "docker.io/library/redis": redis,
    }


def simulated(*arguments: str) -> Image:
    """vLLM's image, with llm-d's simulator behind its command.

    Args:
        arguments: the simulator's own, as `--prefill-time-per-token=1ms`: what the real one's hardware decides.
    """
    return Image(
        files={
            "/usr/local/bin/vllm": VLLM_FRONT.folder / VLLM_FRONT.program,
            "/app/llm-d-inference-sim": SIMULATOR.folder / SIMULATOR.program,
        },
        entrypoint=["/usr/local/bin/vllm"],
        variables={"SIMULATOR_ARGUMENTS": " ".join(arguments)},
    )


def forwarded(engines: Mapping[str, str]) -> Image:
    """vLLM's image, whose engines run elsewhere: every connection to a model is handed on.

    Args:
        engines: host and port of each, by the model's served name.
    """
    return Image(
        files={"/usr/local/bin/vllm": FORWARD.folder / FORWARD.program},
        entrypoint=["/usr/local/bin/vllm"],
        variables={"FORWARD_TO": " ".join(f"{name}={address}" for name, address in engines.items())},
    )


def _static(part: Part, path: str, *arguments: str) -> Image:
    return Image(files={path: part.folder / part.program}, entrypoint=[path, *arguments])


def _redis() -> Image:
    roles = {"server": program("redis-server").resolve(), "cli": program("redis-cli")}
    files = {f"/usr/bin/{name}-{role}": file for name in ("redis", "valkey") for role, file in roles.items()}
    return Image(files=with_libraries(files), entrypoint=["/usr/bin/redis-server"], folders=("/tmp", "/data"))
