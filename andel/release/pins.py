# SPDX-License-Identifier: MPL-2.0
"""What a release pins: images, charts and the dialect of its endpoint picker."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The digest of an image, and where it was seen. One that nobody saw is not written down."""

    sha256: str
    """64 hexadecimal digits."""

    seen: str
    """Address of the page, file or registry answer that names it."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """A container image by tag and, once it was seen, by digest."""

    repository: str
    """Registry and path, as `docker.io/vllm/vllm-openai`."""

    tag: str
    """Tag of the version."""

    digest: Digest | None = None
    """None is *unresolved*: such an image is refused unless the environment allows it."""

    def reference(self, mirror: str | None = None) -> str:
        """What a pod names: by digest where there is one, behind the environment's mirror where it has one."""
        repository = f"{mirror}/{self.repository}" if mirror else self.repository
        return f"{repository}:{self.tag}" + (f"@sha256:{self.digest.sha256}" if self.digest else "")


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A Helm chart as its makers publish it."""

    name: str
    """Name of the chart, and of its folder in a mirror that is a folder."""

    registry: str
    """OCI address that holds it, without the name."""

    version: str
    """Version of the chart."""

    namespace: str
    """Namespace that the operator lives in."""

    definitions: bool = False
    """It holds the definitions of its own objects, which no other chart of the release brings."""

    hooks: bool = False
    """It needs Helm's hooks to run (jobs that make certificates, as a rule)."""


@dataclass(frozen=True, kw_only=True)
class EppDialect:
    """What differs between endpoint pickers (EPP). It moves together with the picker's image."""

    version: str
    """Version that KServe writes on the picker (`app.kubernetes.io/version`); it gates KServe's own migrations."""

    config_api_version: str
    """`apiVersion` of EndpointPickerConfig."""

    objective_api_version: str
    """`apiVersion` of InferenceObjective."""

    objective_header: str
    """Request header that names the objective."""

    fairness_header: str
    """Request header that names the municipality, among which a band is shared."""

    metrics_prefix: str
    """Beginning of the names of flow control's metrics."""

    plugins: frozenset[str]
    """Types of all plugins that this picker knows."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One pinned set."""

    images: Mapping[str, Image]
    """Images of pods that we write, by role."""

    charts: Mapping[str, tuple[Chart, ...]]
    """Charts of each operator (by its field in the config's `operators`), in order of installation."""

    epp: EppDialect
    """The picker of `llm-d` models."""

    vllm: Mapping[str, str]
    """Version of vLLM in each image that has one, by the image's role: it decides which arguments there are."""

    def unresolved(self) -> list[str]:
        """References of images without a digest."""
        return sorted(image.reference() for image in self.images.values() if image.digest is None)
