# SPDX-License-Identifier: MPL-2.0
"""Settings of what runs on a lab's node, as files.

Source of fields: kubelet.config.k8s.io/v1beta1 and kubeproxy.config.k8s.io/v1alpha1 of v1.36.3, containerd 1.6's
configuration version 2, CNI 1.0 (plugins ptp and host-local 1.1.1), and the plugins of CoreDNS 1.13.1.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from .certificates import Pair, pair
from .control_plane import ControlPlane, kubeconfig
from .debian import DEBIAN, program
from .files import write_private
from .node_addresses import NODE, NodeNetwork

PAUSE_IMAGE = "andel.lab/pause:1"
DOMAIN = "cluster.local"
DNS_READY_PORT = 8181
KUBELET_HEALTH_PORT = 10248

# What CoreDNS reads (source: its own deployment for Kubernetes, kubernetes/kubernetes cluster/addons/dns/coredns).
_RBAC = "rbac.authorization.k8s.io"
RIGHTS: dict[str, dict[str, Any]] = {
    f"/apis/{_RBAC}/v1/clusterroles/andel-lab-coredns": {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "andel-lab-coredns"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ],
    },
    f"/apis/{_RBAC}/v1/clusterrolebindings/andel-lab-coredns": {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "andel-lab-coredns"},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "andel-lab-coredns"},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": "system:coredns"}],
    },
}
"""Objects that give the node's programs their rights, by address. The others have theirs from the API server itself."""


def write(plane: ControlPlane, folder: Path, network: NodeNetwork, group: str) -> None:
    """Write all settings of a node.

    Args:
        plane: its cluster.
        folder: where they go.
        network: its addresses.
        group: control group of its pods.
    """
    for user in ("kubelet", "kube-proxy", "coredns"):
        settings: Any = kubeconfig({"lab": plane}, user)
        settings["clusters"][0]["cluster"]["server"] = plane.server.replace("127.0.0.1", network.machine)
        write_private(folder / f"{user}.kubeconfig", yaml.safe_dump(settings))
    served = pair(plane.certificates, "server")
    write_private(folder / "resolv.conf", "")
    write_private(folder / "kubelet.yaml", yaml.safe_dump(kubelet(plane.certificates, folder, network, served, group)))
    write_private(folder / "kube-proxy.yaml", yaml.safe_dump(kube_proxy(folder, network)))
    write_private(folder / "containerd.toml", containerd(folder))
    write_private(folder / "cni" / "10-lab.conflist", json.dumps(cni(network)))
    write_private(folder / "Corefile", corefile(folder, network))


def kubelet(certificates: Path, folder: Path, network: NodeNetwork, served: Pair, group: str) -> dict[str, Any]:
    """Settings of the kubelet. It takes orders from the API server alone."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.node,
        "healthzBindAddress": network.node,
        "healthzPort": KUBELET_HEALTH_PORT,
        "tlsCertFile": str(served.certificate),
        "tlsPrivateKeyFile": str(served.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{group}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        # Where a process may not make itself less likely to be killed, the default of -999 is an error.
        "oomScoreAdj": 0,
        # The disk and the memory are those of a machine that does other things besides.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "enforceNodeAllocatable": ["none"],
        "maxPods": 100,
        "clusterDomain": DOMAIN,
        "clusterDNS": [network.node],
        "resolvConf": str(folder / "resolv.conf"),
        "podLogsDir": str(folder / "pods"),
        # Probes, secrets and statuses of tests should not wait for the rates of a large cluster.
        "syncFrequency": "10s",
        "nodeStatusUpdateFrequency": "2s",
        "nodeStatusReportFrequency": "10s",
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "serializeImagePulls": True,
        "shutdownGracePeriod": "0s",
    }


def kube_proxy(folder: Path, network: NodeNetwork) -> dict[str, Any]:
    """Settings of kube-proxy. The connection table's size is the whole machine's, and not the node's to set."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(folder / "kube-proxy.kubeconfig")},
        "hostnameOverride": NODE,
        "clusterCIDR": network.pods,
        "bindAddress": network.node,
        "healthzBindAddress": f"{network.node}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "nftables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
    }


def containerd(folder: Path) -> str:
    """Settings of containerd. Its sockets and states lie in the enclosure's own /run, and end with it."""
    cri = "io.containerd.grpc.v1.cri"
    return f"""version = 2
root = "{folder / "containerd"}"
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."{cri}"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true

[plugins."{cri}".cni]
bin_dir = "{DEBIAN.folder / "usr/lib/cni"}"
conf_dir = "{folder / "cni"}"

[plugins."{cri}".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."{cri}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."{cri}".containerd.runtimes.runc.options]
BinaryName = "{program("runc")}"
SystemdCgroup = false
"""


def cni(network: NodeNetwork) -> dict[str, Any]:
    """Pods' network: a cable each to the node, which routes. Leases of addresses end with the enclosure."""
    return {
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": network.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": "/run/cni",
                },
            }
        ],
    }


def corefile(folder: Path, network: NodeNetwork) -> str:
    """Settings of CoreDNS: the cluster's names, and none of the world's."""
    return f"""{DOMAIN} in-addr.arpa {{
    bind {network.node}
    errors
    ready {network.node}:{DNS_READY_PORT}
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {folder / "coredns.kubeconfig"}
        pods insecure
        ttl 5
    }}
}}
. {{
    bind {network.node}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""
