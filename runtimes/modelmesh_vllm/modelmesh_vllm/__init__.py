# SPDX-License-Identifier: MPL-2.0
"""vLLM as a runtime of ModelMesh, and the front that streams from it.

ModelMesh (0.12.0) decides which models are in GPU memory; this program beside it starts, wakes, rests and ends one vLLM
process a model, by the gRPC contract `mmesh.ModelRuntime`. ModelMesh streams nothing, so the front asks it where a
model is (which loads it, and keeps it from being evicted) and streams from there.
"""

__version__ = "0.1.0"
