# SPDX-License-Identifier: MPL-2.0
"""Which of the release's vLLM images carries a model: its version decides which arguments there are."""

from config.models import Model
from config.serving import HuggingFace, LlmD
from config.serving.huggingface import VllmBackend
from config.serving.kubeai import KubeAi, Vllm


def vllm_role(model: Model) -> str | None:
    """Role of the image whose vLLM reads the model's arguments; None where another engine runs."""
    on = "" if model.gpus else "-cpu"
    match model.serving:
        case LlmD():
            return "vllm-llm-d"
        case HuggingFace(backend=backend):
            return f"huggingface{on}" if isinstance(backend, VllmBackend) else None
        case KubeAi(engine=engine) if not isinstance(engine, Vllm):
            return None
        case _:
            return f"vllm{on}"
