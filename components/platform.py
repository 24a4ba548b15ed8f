# SPDX-License-Identifier: MPL-2.0
"""The platform: every component in its order. The one place that knows the whole environment."""

from dataclasses import dataclass

import pulumi

from andel.release.pins import Release
from config.environment import Environment
from config.models import Model
from config.names import GATEWAY, SERVING, SYSTEM
from config.operators import Managed
from config.pooling import queue_of
from config.pools import Claims
from config.serving import HuggingFace, KubeAi

from .chat_gateway import ChatGateway, ChatGatewayArgs
from .cluster import provider
from .edge.edge import Edge, EdgeArgs
from .gateway import EDGE, INNER_TLS, Gateway, GatewayArgs, inner_host
from .gpu_claims import GpuClaims, GpuClaimsArgs
from .gpu_pool import GpuPool, GpuPoolArgs, placement
from .huggingface_runtime import HuggingFaceRuntime, HuggingFaceRuntimeArgs
from .kserve_settings import KServeSettings, KServeSettingsArgs
from .kubeai import KubeAiArgs, KubeAiOperator, values
from .members import wall_members
from .model_monitor import ModelMonitor, ModelMonitorArgs
from .model_route import ModelRoute, ModelRouteArgs
from .modelmesh.mesh import ModelMeshArgs, ModelMeshPlatform
from .monitoring.watch import watch
from .namespace import Namespace, NamespaceArgs
from .offers import Published, offer
from .operators import Operators, OperatorsArgs
from .pooling import Pooling, PoolingArgs, own_namespaces
from .serving import ServedModel, serve
from .serving.disruption import Disruption, DisruptionArgs
from .serving.endpoint import Endpoint
from .serving.model import ModelArgs, Shared, storage_account_name
from .serving.storage_account import StorageAccount, StorageAccountArgs
from .serving_quota import ServingQuota, ServingQuotaArgs
from .traffic import gateway_traffic, serving_traffic
from .weights_cache import WeightsCache, WeightsCacheArgs


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """An environment, and the release that it names."""

    environment: Environment
    """The whole environment."""

    release: Release
    """Its pinned set of versions."""


class Platform(pulumi.ComponentResource):
    """Operators, walls, pools, models, gateway, tiers and monitors of an environment."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:platform:Platform", name, None, opts)
        self._environment, self._release = args.environment, args.release
        mirror = args.environment.mirror.images
        self._images = {role: image.reference(mirror) for role, image in args.release.images.items()}
        self._gpu = provider("gpu", args.environment.clusters.gpu, self)
        separate = args.environment.clusters.application
        self._applications = provider("application", separate, self) if separate else self._gpu

        self._operators = self._install_operators()
        self._system, self._gateways, self._serving = self._raise_walls()
        self._pools = self._label_pools()
        self._queues = self._open_queues()
        self._hand_out()
        self._settings = self._set_kserve()
        self._transformers, self._kubeai = self._set_huggingface(), self._install_kubeai()
        self._edge = self._open_gateways()
        self._mesh = self._share_pods()
        self._keep_weights()
        self._routes: dict[str, ModelRoute] = {}
        self._endpoints: dict[str, Endpoint] = {}
        for model in args.environment.models:
            self._serve(model)
        self._offer()
        self._limit()
        watch(args.environment, args.release.epp, self._after(self._system, self._gateways))
        wall_members(args.environment, self._operators, {"gpu": self._after, "application": self._beside})

        self.url = self._edge.url if self._edge else None
        self.register_outputs({"url": self.url})

    def _after(self, *resources: pulumi.Resource | None) -> pulumi.ResourceOptions:
        """Options of a child on the GPU cluster that waits for others."""
        return pulumi.ResourceOptions(
            parent=self, providers=[self._gpu], depends_on=[resource for resource in resources if resource]
        )

    def _beside(self, *resources: pulumi.Resource | None) -> pulumi.ResourceOptions:
        """Options of a child on the cluster of applications."""
        return pulumi.ResourceOptions(
            parent=self, providers=[self._applications], depends_on=[resource for resource in resources if resource]
        )

    def _install_operators(self) -> Operators:
        environment = self._environment
        args = OperatorsArgs(
            operators=environment.operators,
            charts=self._release.charts,
            mirror=environment.mirror.charts,
            gateway=environment.gateway,
            pools=environment.pools,
            monitoring=environment.monitoring,
        )
        return Operators("operators", args, self._after())

    def _raise_walls(self) -> tuple[Namespace, Namespace, Namespace]:
        apart = None
        if self._applications is not self._gpu:
            apart = Namespace(f"application-{SYSTEM}", NamespaceArgs(name=SYSTEM), self._beside())
        after = self._after(self._operators)
        serving = serving_traffic(self._environment)
        system = Namespace(SYSTEM, NamespaceArgs(name=SYSTEM), after)
        self._open_chats(apart or system)
        return (
            system,
            Namespace(GATEWAY, NamespaceArgs(name=GATEWAY, traffic=gateway_traffic(self._environment)), after),
            Namespace(SERVING, NamespaceArgs(name=SERVING, traffic=serving), after),
        )

    def _open_chats(self, system: Namespace) -> None:
        if (section := self._environment.chats) is not None:
            ChatGateway("chats", ChatGatewayArgs(chats=section), self._beside(system))

    def _label_pools(self) -> list[GpuPool]:
        environment = self._environment
        own = isinstance(environment.operators.gpu_operator, Managed)
        # Managed, the GPU operator comes first: it reads the labels, and its definitions need no pool.
        after = self._after(self._operators if own else None)
        return [
            GpuPool(name, GpuPoolArgs(name=name, pool=pool, own_layouts=own), after)
            for name, pool in environment.pools.items()
        ]

    def _open_queues(self) -> Pooling | None:
        pooling = self._environment.pooling
        if pooling is None:
            return None
        walls = [
            Namespace(name, NamespaceArgs(name=name), self._after(self._operators)) for name in own_namespaces(pooling)
        ]
        args = PoolingArgs(pooling=pooling, pools=self._environment.pools)
        return Pooling("pooling", args, self._after(self._operators, self._serving, *walls))

    def _hand_out(self) -> None:
        pools = self._environment.pools
        if any(isinstance(pool.handout, Claims) for pool in pools.values()):
            after = self._after(self._serving, self._queues)
            GpuClaims("claims", GpuClaimsArgs(pools=pools), after)

    def _set_kserve(self) -> KServeSettings:
        args = KServeSettingsArgs(
            namespace=SERVING,
            images=self._images,
            epp_version=self._release.epp.version,
        )
        return KServeSettings("kserve", args, self._after(self._serving))

    def _set_huggingface(self) -> HuggingFaceRuntime | None:
        if not any(isinstance(model.serving, HuggingFace) for model in self._environment.models.values()):
            return None
        return HuggingFaceRuntime(
            "huggingface", HuggingFaceRuntimeArgs(images=self._images), self._after(self._serving)
        )

    def _install_kubeai(self) -> KubeAiOperator | None:
        environment = self._environment
        if not isinstance(environment.operators.kubeai, Managed):
            return None
        (chart,) = self._release.charts["kubeai"]
        args = KubeAiArgs(chart=chart, mirror=environment.mirror.charts, values=values(environment))
        return KubeAiOperator("kubeai", args, self._after(self._serving, *self._pools))

    def _open_gateways(self) -> Gateway | None:
        section = self._environment.gateway
        if section is None:
            return None
        environment = self._environment
        opened = Gateway("gateway", GatewayArgs(gateway=section), self._after(self._gateways))
        args = EdgeArgs(
            name=EDGE,
            gateway=section,
            inner_tls=INNER_TLS,
            inner_host=inner_host(section),
            members=environment.municipalities,
            tiers=environment.tiers,
            dialect=self._release.epp,
            monitoring=environment.monitoring,
            images=self._images,
        )
        Edge("edge", args, self._after(opened))
        return opened

    def _share_pods(self) -> ModelMeshPlatform | None:
        environment = self._environment
        if environment.modelmesh is None or environment.gateway is None:
            return None
        args = ModelMeshArgs(
            environment=environment,
            mesh=environment.modelmesh,
            gateway=environment.gateway,
            namespace=SERVING,
            release=self._release,
            images=self._images,
        )
        return ModelMeshPlatform("mesh", args, self._after(self._serving, self._edge, *self._pools))

    def _shared(self, model: Model) -> Shared | None:
        mesh = self._environment.modelmesh
        if not model.shared or mesh is None or model.profile not in mesh.runtimes:
            return None
        strategy = mesh.runtimes[model.profile].strategy.kind
        return Shared(pool=self._environment.pools[model.pool], strategy=strategy)

    def _keep_weights(self) -> None:
        for name, pool in self._environment.pools.items():
            if pool.model_cache is None:
                continue
            models = {key: one for key, one in self._environment.models.items() if one.cached and one.pool == name}
            labels = placement(name, pool).node_selector
            args = WeightsCacheArgs(pool=name, cache=pool.model_cache, node_labels=labels, models=models)
            WeightsCache(f"{name}-weights", args, self._after(self._serving))

    def _serve(self, name: str) -> None:
        environment = self._environment
        model = environment.models[name]
        account = self._open_source(name)
        args = ModelArgs(
            name=name,
            model=model,
            namespace=SERVING,
            placement=placement(model.pool, environment.pools[model.pool]),
            profile=environment.profiles.get(model.profile) if model.profile else None,
            shared=self._shared(model),
            epp=self._release.epp,
            bands=environment.bands(name),
            vllm=self._release.vllm,
            images=self._images,
            wait=environment.rollout.wait_for_models,
            monitoring=environment.monitoring,
            queue=queue_of(environment.pooling, model),
        )
        before = (self._settings, self._transformers, self._kubeai, self._mesh, self._edge, account, self._queues)
        after = self._after(*before, *self._pools)
        self._publish(name, serve(name, args, after))

    def _open_source(self, name: str) -> StorageAccount | None:
        model = self._environment.models[name]
        secret = model.credentials
        if secret is None or isinstance(model.serving, KubeAi):
            return None
        args = StorageAccountArgs(name=storage_account_name(name), namespace=SERVING, secret=secret)
        return StorageAccount(f"{name}-storage", args, self._after(self._serving))

    def _publish(self, name: str, served: ServedModel) -> None:
        environment, model, endpoint = self._environment, self._environment.models[name], served.endpoint
        self._endpoints[name] = endpoint
        if environment.gateway is not None:
            route = ModelRouteArgs(
                model=name,
                endpoint=endpoint,
                timeout_seconds=environment.gateway.request_timeout_seconds,
                idle_seconds=environment.gateway.stream_idle_seconds,
                asleep_seconds=model.asleep_seconds,
            )
            self._routes[name] = ModelRoute(f"{name}-route", route, self._after(served))
        if environment.monitoring is not None and endpoint.metrics_port is not None:
            monitor = ModelMonitorArgs(
                name=name,
                namespace=endpoint.namespace,
                model=name,
                port=endpoint.metrics_port,
                label=endpoint.pod_label,
                monitoring=environment.monitoring,
            )
            ModelMonitor(f"{name}-monitor", monitor, self._after(self._serving))
        if model.scaling.most > 1:
            pods = DisruptionArgs(name=name, namespace=endpoint.namespace, pods={endpoint.pod_label: name})
            Disruption(f"{name}-disruption", pods, self._after(self._serving))

    def _offer(self) -> None:
        if self._edge is None or not self._environment.tiers:
            return
        published = Published(routes=self._routes, endpoints=self._endpoints, edge=self._edge, images=self._images)
        offer(self._environment, self._release.epp, published, self._after)

    def _limit(self) -> None:
        pools = self._environment.pools
        if pools:
            ServingQuota("gpu-shares", ServingQuotaArgs(namespace=SERVING, pools=pools), self._after(self._serving))
