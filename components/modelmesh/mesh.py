# SPDX-License-Identifier: MPL-2.0
"""ModelMesh as a whole: certificates, registry and controller where it is managed, pods of each profile, the front."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import Release
from config.environment import Environment
from config.gateway import Gateway
from config.modelmesh import Mesh
from config.models import Model
from config.operators import Managed
from config.serving.modelmesh import ARCHIVED
from config.serving.modelmesh_rules import served

from ..edge.internal_tls import certificate, issuer
from ..metadata import metadata
from .controller import Controller, ControllerArgs
from .definition import definition
from .front import Front, FrontArgs
from .monitors import Monitors, MonitorsArgs
from .names import certificates, runtime_name
from .pods import Pods, PodsArgs
from .registry import Registry, RegistryArgs


@dataclass(frozen=True, kw_only=True)
class ModelMeshArgs:
    """An environment with ModelMesh, where it stands, and what the release pins."""

    environment: Environment
    mesh: Mesh
    gateway: Gateway
    namespace: str
    release: Release
    images: Mapping[str, str]


class ModelMeshPlatform(pulumi.ComponentResource):
    """All of it. Every run says that upstream has ended."""

    def __init__(self, name: str, args: ModelMeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:ModelMeshPlatform", name, None, opts)
        pulumi.warn(ARCHIVED, self)
        self._args, self._name = args, name
        below = pulumi.ResourceOptions(parent=self)
        self._certify()
        if isinstance(args.environment.operators.modelmesh, Managed):
            self._install()
        self._stand(dict(served(args.environment)))
        if args.environment.monitoring is not None:
            watched = MonitorsArgs(namespace=args.namespace, monitoring=args.environment.monitoring)
            Monitors(f"{name}-monitors", watched, below)
        self.register_outputs({})

    def _certify(self) -> None:
        signed_by = issuer(self._args.gateway.authority)
        for one in certificates(self._args.namespace):
            spec = certificate(one, signed_by)
            # ModelMesh reads keys in this form alone (Netty).
            spec["privateKey"]["encoding"] = "PKCS8"
            kubernetes.apiextensions.CustomResource(
                f"{self._name}-{one.name}",
                api_version="cert-manager.io/v1",
                kind="Certificate",
                metadata=metadata(one.name, one.namespace),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _install(self) -> None:
        args = self._args
        before: list[pulumi.Resource] = []
        if isinstance(args.environment.operators.crds, Managed):
            named = definition()
            before.append(
                kubernetes.apiextensions.v1.CustomResourceDefinition(
                    f"{self._name}-definition",
                    metadata=metadata(named["metadata"]["name"]),
                    spec=named["spec"],
                    opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
                )
            )
        registry = RegistryArgs(namespace=args.namespace, mesh=args.mesh, images=args.images)
        before.append(Registry(f"{self._name}-registry", registry, pulumi.ResourceOptions(parent=self)))
        controller = ControllerArgs(namespace=args.namespace, mesh=args.mesh, images=args.images)
        after = pulumi.ResourceOptions(parent=self, depends_on=before)
        Controller(f"{self._name}-controller", controller, after)

    def _stand(self, models: Mapping[str, Model]) -> None:
        args, environment = self._args, self._args.environment
        for profile, runtime in args.mesh.runtimes.items():
            place = environment.profiles[profile]
            pods = PodsArgs(
                profile=profile,
                place=place,
                pool=environment.pools[place.pool],
                namespace=args.namespace,
                mesh=args.mesh,
                runtime=runtime,
                models={name: model for name, model in models.items() if model.profile == profile},
                version=args.release.vllm["vllm"],
            )
            Pods(runtime_name(profile), pods, pulumi.ResourceOptions(parent=self))
        front = FrontArgs(
            namespace=args.namespace,
            mesh=args.mesh,
            models=tuple(public for name, model in models.items() for public in (name, *model.names)),
            load_seconds=max((model.load_seconds for model in models.values()), default=1800),
            request_seconds=args.gateway.request_timeout_seconds,
            largest_request=args.gateway.limits.largest_request,
        )
        Front(f"{self._name}-front", front, pulumi.ResourceOptions(parent=self))
