# SPDX-License-Identifier: MPL-2.0
"""The Deployment that the controller fills in for each runtime (Go template, variables of modelmesh-serving 0.12.0).

The controller's own (`config/internal/base/deployment.yaml.tmpl` in its image) gives a pod that *restricted* refuses, a
token that nobody needs, and rollouts that want a second GPU beside the first. This one is mounted over it. Names that
the controller looks for stay: container `mm`, label `modelmesh-service`, probes on 8089.

ModelMesh's start script takes a pod for one of Kubernetes only if the folder of service accounts is there, and believes
the authority in it (src/main/scripts/start.sh): it gets the authority alone, without a token.
"""

from typing import Any

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
ACCOUNT_VOLUME = "cluster-authority"
"""Volume of every ServingRuntime of ours: the controller takes volumes from there alone."""

TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{.ServiceName}}-{{.Name}}
  labels:
    modelmesh-service: {{.ServiceName}}
    app.kubernetes.io/part-of: andel
    app.kubernetes.io/managed-by: modelmesh-controller
spec:
  replicas: {{.Replicas}}
  selector:
    matchLabels:
      modelmesh-service: {{.ServiceName}}
      name: {{.ServiceName}}-{{.Name}}
  strategy:
    rollingUpdate: {maxSurge: 0, maxUnavailable: 1}
  template:
    metadata:
      labels:
        modelmesh-service: {{.ServiceName}}
        name: {{.ServiceName}}-{{.Name}}
        app.kubernetes.io/part-of: andel
        app.kubernetes.io/managed-by: modelmesh-controller
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 120
      securityContext:
        runAsNonRoot: true
        fsGroup: 2000
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: mm
          image: {{.ModelMeshImage}}
          securityContext:
            allowPrivilegeEscalation: false
            runAsUser: 2000
            capabilities: {drop: [ALL]}
          ports:
            - {name: grpc, containerPort: {{.Port}}}
            - {name: prometheus, containerPort: {{.PrometheusPort}}}
          env:
            - {name: MM_SERVICE_NAME, value: "{{.ServiceName}}"}
            - {name: MM_SVC_GRPC_PORT, value: "{{.Port}}"}
            - {name: MM_METRICS, value: "prometheus:port={{.PrometheusPort}};scheme={{.PrometheusScheme}}"}
            - {name: KV_STORE, value: ""}
            - {name: SHUTDOWN_TIMEOUT_MS, value: "120000"}
            - name: WKUBE_POD_NAME
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            - name: WKUBE_POD_IPADDR
              valueFrom: {fieldRef: {fieldPath: status.podIP}}
            - name: MM_LOCATION
              valueFrom: {fieldRef: {fieldPath: status.hostIP}}
          resources:
            requests: {cpu: "{{.ModelMeshRequestsCPU}}", memory: "{{.ModelMeshRequestsMemory}}"}
            limits: {memory: "{{.ModelMeshLimitMemory}}"}
          readinessProbe:
            httpGet: {path: /ready, port: 8089}
            initialDelaySeconds: 5
            periodSeconds: 5
          livenessProbe:
            httpGet: {path: /live, port: 8089}
            initialDelaySeconds: 90
            periodSeconds: 30
            timeoutSeconds: 5
            failureThreshold: 2
          lifecycle:
            preStop: {exec: {command: [/opt/kserve/mmesh/stop.sh, wait]}}
          volumeMounts:
            - {name: ACCOUNT_VOLUME, mountPath: ACCOUNT_FOLDER, readOnly: true}
""".replace("ACCOUNT_VOLUME", ACCOUNT_VOLUME).replace("ACCOUNT_FOLDER", ACCOUNT_FOLDER)


def authority_volume() -> dict[str, Any]:
    """The cluster's authority, which the controller manager puts into every namespace."""
    return {"name": ACCOUNT_VOLUME, "configMap": {"name": "kube-root-ca.crt"}}
