# SPDX-License-Identifier: MPL-2.0
"""Tokens are asked for where the platform stands, and nowhere else, with a stand-in for kubectl."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from andel.fleet.credentials import asked_for
from andel.fleet.stacks import FleetStack
from config.clusters import Cluster, Clusters
from config.judge import judge_municipality

from .made import document

KUBECTL = f"""#!{sys.executable}
import json, os, socketserver, sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

context = sys.argv[sys.argv.index("--context") + 1]
with Path({{told!r}}).open("a") as told:
    print(*sys.argv[1:4], file=told)
if "config" in sys.argv:
    print(json.dumps({{"clusters": [{{"cluster": {{"server": f"https://{{context}}"}}}}]}}))
    sys.exit()

class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = json.dumps({{"status": {{"token": f"{{context}} {{self.path}}"}}}}).encode()
        self.send_response(201)
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *words):
        pass

socketserver.UnixStreamServer(sys.argv[-1].split("=")[1], Answer).serve_forever()
"""


def test_tokens_are_asked_for_by_the_platforms_contexts_whatever_a_file_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    (tmp_path / "kubectl").write_text(KUBECTL.replace("{told!r}", repr(str(told))))
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    section = judge_municipality(document("samso", clusters={"gpu": {"context": "payroll"}}))
    stack = FleetStack(name="dev-samso", file=tmp_path, section=section)
    platform = Clusters(gpu=Cluster(context="gpu"), application=Cluster(context="apps"))
    with asked_for(tmp_path, platform) as credentials:
        written = credentials(stack)
    account = "/api/v1/namespaces/andel-m-samso/serviceaccounts/andel-stack/token"
    whole = yaml.safe_load(written.read_text())
    assert {one["name"]: one["cluster"]["server"] for one in whole["clusters"]} == {
        "gpu": "https://gpu",
        "apps": "https://apps",
    }
    assert {one["name"]: one["user"]["token"] for one in whole["users"]} == {
        "gpu": f"gpu {account}",
        "apps": f"apps {account}",
    }
    assert whole["current-context"] == "gpu"
    assert written.stat().st_mode & 0o077 == 0
    assert {line.split()[1] for line in told.read_text().splitlines()} == {"gpu", "apps"}
