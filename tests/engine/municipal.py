# SPDX-License-Identifier: MPL-2.0
"""A municipality's stack on a lab, run as the one who may run it: its own service account."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from config.load import FILE
from config.names import ACCOUNT, MEMBER
from tests.conftest import ROOT

from .laboratory import APPLY, Laboratory

PROGRAM = ROOT / "municipalities"


@dataclass(frozen=True)
class MunicipalStack:
    """One municipality's stack, in a project folder of the test."""

    laboratory: Laboratory
    folder: Path
    slug: str
    contract: Path | None = None
    """File with the platform's contract; None reads it from the platform's stack."""

    @property
    def stack(self) -> str:
        """Its name."""
        return f"{self.laboratory.stack}-{self.slug}"

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return f"{MEMBER}{self.slug}"

    @property
    def settings(self) -> Path:
        """Its settings file in the project folder: a copy, since the engine writes a salt into it."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def write(self, text: str | None = None) -> None:
        """Write project and settings, and make the stack."""
        self.folder.mkdir(exist_ok=True)
        project = yaml.safe_load((PROGRAM / "Pulumi.yaml").read_text())
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": str(PROGRAM)}))
        if text is None:
            shutil.copy(PROGRAM / self.settings.name, self.settings)
        else:
            self.settings.write_text(text, encoding="utf-8")
        made = self.run("stack", "select", "--create", self.stack)
        assert made.returncode == 0, made.stderr

    @property
    def account(self) -> str:
        """Its account, as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{ACCOUNT}"

    def kubeconfig(self) -> Path:
        """A kubeconfig whose user is the municipality's own account, by a token of an hour."""
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{ACCOUNT}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        token = self.laboratory.api.create(path, asked)["status"]["token"]
        context = self.laboratory.environment.clusters.gpu.context
        plane = self.laboratory.plane
        cluster = {"server": plane.server, "certificate-authority": str(plane.certificates / "ca.crt")}
        written = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "stack", "user": {"token": token}}],
            "contexts": [{"name": context, "context": {"cluster": "lab", "user": "stack"}}],
            "current-context": context,
        }
        file = self.folder / f"{self.slug}.kubeconfig"
        file.write_text(yaml.safe_dump(written))
        return file

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the engine without any right on the cluster."""
        return self.laboratory.elsewhere(self.folder, *words, more={"KUBECONFIG": "/dev/null"})

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the engine as the municipality's account."""
        given = {} if self.contract is None else {FILE: str(self.contract)}
        more = {"KUBECONFIG": str(self.kubeconfig()), **given}
        return self.laboratory.elsewhere(self.folder, words[0], "-s", self.stack, *words[1:], more=more)

    def deploy(self, *words: str) -> None:
        """Run `pulumi up`, which has to end well."""
        ended = self.pulumi("up", *APPLY, *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
