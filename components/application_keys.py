# SPDX-License-Identifier: MPL-2.0
"""Keys of a municipality's applications: random values (pulumi-random 4.19) in Secrets that the edge finds by a label
(Authorino 0.27: AuthConfig `apiKey.selector`, and the label by which it watches Secrets at all).

A municipality's stack writes them in its own namespace, and that namespace is the identity. The value begins with
`andel-` so that scanners know what leaked, and names neither the municipality nor the application. It is a secret of
the engine from its making on: no output of the component holds it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from config.keys import ApplicationKey
from config.names import APPLICATION_KEY, KEY_DATA_CLASS, KEY_EXPIRES, KEY_MODELS, KEY_OVERFLOW, OVERFLOW_ALLOWED

from .metadata import metadata

WATCHED = "authorino.kuadrant.io/managed-by"
"""Label without which Authorino reads no Secret (its `--secret-label-selector`)."""

FIELD = "api_key"
"""Key of the Secret that holds the value (Authorino)."""

AT_ONCE = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Without it a Secret that goes is first changed (foreground deletion: a finalizer). Authorino would take that for news
of the key, put it in the place of the Secret that came after it, and drop the key with it."""

PREFIX = "andel-"
LENGTH = 43
"""Letters and digits after the prefix: 256 bits."""


@dataclass(frozen=True, kw_only=True)
class ApplicationKeysArgs:
    """Applications of a municipality."""

    namespace: str
    """The municipality's namespace."""

    applications: Mapping[str, ApplicationKey]
    """Their keys, by the application's name."""


class ApplicationKeys(pulumi.ComponentResource):
    """A random value for each valid key of each application, in a Secret for its owner and one for the edge."""

    def __init__(self, name: str, args: ApplicationKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:ApplicationKeys", name, None, opts)
        self.values: dict[tuple[str, int], pulumi.Output[str]] = {}
        """Values by application and generation, all secret: for what needs one on another cluster."""
        for application, key in args.applications.items():
            for generation, until in key.live.items():
                self._key(f"{name}-{application}-{generation}", args.namespace, application, generation, until, key)
        self.register_outputs({})

    def _key(
        self, name: str, namespace: str, application: str, generation: int, until: str | None, key: ApplicationKey
    ) -> None:
        value = random.RandomPassword(
            name,
            length=LENGTH,
            special=False,
            keepers={"generation": str(generation)},
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result"]),
        )
        self.values[application, generation] = pulumi.Output.concat(PREFIX, value.result)
        said = told(until, key)
        watched = {APPLICATION_KEY: application, WATCHED: "authorino"}
        content = {FIELD: self.values[application, generation]}
        for role, placed in (
            (name, metadata(secret_name(application, generation), namespace)),
            (
                f"{name}-edge",
                metadata(edge_name(application, generation, said), namespace, watched, {**said, **AT_ONCE}),
            ),
        ):
            kubernetes.core.v1.Secret(
                role,
                metadata=placed,
                type="Opaque",
                string_data=content,
                opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "string_data"]),
            )


def secret_name(application: str, generation: int) -> str:
    """Name of the Secret by which a key's owner reads the value. The edge doesn't."""
    return f"key-{application}-{generation}"


def edge_name(application: str, generation: int, said: Mapping[str, str]) -> str:
    """Name of the Secret by which the edge knows a key.

    Authorino 0.27 keeps a Secret as it first saw it while the value is the same (pkg/evaluators/identity/api_key.go,
    `AddK8sSecretBasedIdentity`): an end that is written onto it later is never read. So what is said of a key is in the
    name, and other words make another Secret; it is there before the old one goes, and the key works all the time.
    """
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
    return f"edge-{application}-{generation}{f'-{digest}' if said else ''}"


def told(until: str | None, key: ApplicationKey) -> dict[str, str]:
    """What the edge reads from a key besides its value. Who says nothing may use its plan, and stays."""
    ends = {} if until is None else {KEY_EXPIRES: until}
    classed = {} if key.data_class is None else {KEY_DATA_CLASS: key.data_class}
    narrowed = {} if key.models is None else {KEY_MODELS: ",".join(sorted(key.models))}
    leaving = {KEY_OVERFLOW: OVERFLOW_ALLOWED} if key.overflow else {}
    return {**ends, **classed, **narrowed, **leaving}
