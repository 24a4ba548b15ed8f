# SPDX-License-Identifier: MPL-2.0
"""A made-up vLLM: `engine_double.py NAME PORT JOURNAL [WORD…]`. It writes down what it is asked, a line each.

Words make it fail: `deaf` answers no /health after its first sleep, `insomniac` doesn't sleep, `stillborn` ends at
once, `twin` starts a process of its own that ignores SIGTERM, `slow` streams a part every 0.1 s for a minute, `brief`
for a second.
"""

import json
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAME, PORT, JOURNAL, WORDS = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), set(sys.argv[4:])
ASLEEP: dict[str, Any] = {"level": 0}


class Engine(BaseHTTPRequestHandler):
    """vLLM's routes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, content: object, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Health and sleep."""
        if self.path == "/health" and ("deaf" in WORDS and ASLEEP["level"] is None):
            time.sleep(60)
        self._answer({"is_sleeping": bool(ASLEEP["level"])})

    def do_POST(self) -> None:
        """Everything else."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith("/v1/chat"):
            with JOURNAL.open("a") as journal:
                journal.write(f"{NAME} {self.path} {body.decode()}".strip() + "\n")
        if self.path.startswith("/sleep"):
            ASLEEP["level"] = 0 if "insomniac" in WORDS else int(self.path[-1])
            self._answer({})
        elif self.path.startswith("/wake_up"):
            if "weights" not in self.path:
                ASLEEP["level"] = None if "deaf" in WORDS else 0
            self._answer({})
        elif self.path.startswith("/v1/chat"):
            self._chat(json.loads(body))
        else:
            self._answer({})

    def _chat(self, request: dict[str, Any]) -> None:
        if ASLEEP["level"]:
            self._answer({"error": "asleep"}, 500)
        elif not request.get("stream"):
            self._answer({"model": NAME, "asked": request["model"], "said": request["messages"][0]["content"]})
        else:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in range(600 if "slow" in WORDS else 10 if "brief" in WORDS else 3):
                self._part(f"data: {json.dumps({'model': NAME, 'part': part})}\n\n")
                if WORDS & {"slow", "brief"}:
                    time.sleep(0.1)
            self._part("data: [DONE]\n\n")
            self._part("")

    def _part(self, text: str) -> None:
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())
        self.wfile.flush()


if __name__ == "__main__":
    if "stillborn" in WORDS:
        sys.exit("out of memory, as it says")
    if "twin" in WORDS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"])
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ThreadingHTTPServer(("127.0.0.1", PORT), Engine).serve_forever()
