# SPDX-License-Identifier: MPL-2.0
"""Writes `descriptors.py` from the two .proto files: `python -m modelmesh_vllm.generate` (needs grpcio-tools)."""

import tempfile
import textwrap
from pathlib import Path

HERE = Path(__file__).parent / "contract"
SOURCES = ("model_runtime.proto", "engine.proto")
HEAD = '''# SPDX-License-Identifier: MPL-2.0
"""Descriptors of model_runtime.proto and engine.proto, as `../generate.py` writes them. Not for editing."""

import base64

FILES = base64.b64decode(
'''


def described() -> bytes:
    """A FileDescriptorSet of the sources, as protoc makes it.

    Raises:
        RuntimeError: protoc refuses them; it has said why.
    """
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "set"
        if protoc.main(["protoc", f"-I{HERE}", f"--descriptor_set_out={output}", *SOURCES]):
            raise RuntimeError("protoc refused the contracts")
        return output.read_bytes()


def written(content: bytes) -> str:
    """The module that holds a FileDescriptorSet."""
    import base64

    lines = textwrap.wrap(base64.b64encode(content).decode(), 110)
    return HEAD + "".join(f'    "{line}"\n' for line in lines) + ")\n"


if __name__ == "__main__":
    (HERE / "descriptors.py").write_text(written(described()))
