# SPDX-License-Identifier: MPL-2.0
"""What the AI Gateway's processor counts beside a proxy of the edge, played: its page, with names and labels of its own
tests (Envoy AI Gateway v1.0.0, cmd/extproc/mainlib/admin_test.go; `tests/live/test_metrics.py` looks).
"""

from collections import Counter
from threading import Lock

from components.monitoring.series import OF_MUNICIPALITY

PORT = 1064
"""Port `aigw-admin` of the processor."""


class EdgeCounts:
    """Requests that passed the edge."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._tokens: Counter[tuple[str, str, str]] = Counter()

    def add(self, municipality: str, model: str, status: int, prompt: int, answer: int) -> None:
        """Count one, as soon as it is answered."""
        with self._lock:
            self._requests[municipality, model, status] += 1
            if status == 200:
                self._tokens[municipality, model, "input"] += prompt
                self._tokens[municipality, model, "output"] += answer

    def page(self) -> str:
        """The counts as Prometheus reads them."""
        with self._lock:
            requests, tokens = dict(self._requests), dict(self._tokens)
        lines = []
        for (municipality, model, status), count in sorted(requests.items()):
            wrong = "" if status == 200 else ',error_type="_OTHER"'
            told = f'{OF_MUNICIPALITY}="{municipality}",gen_ai_original_model="{model}"{wrong}'
            lines.append(f"gen_ai_server_request_duration_seconds_count{{{told}}} {count}")
        for (municipality, model, kind), count in sorted(tokens.items()):
            told = f'{OF_MUNICIPALITY}="{municipality}",gen_ai_original_model="{model}",gen_ai_token_type="{kind}"'
            lines.append(f"gen_ai_client_token_usage_sum{{{told}}} {count}")
        return "\n".join([*lines, ""])
