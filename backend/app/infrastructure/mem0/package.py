"""Imports the package `mem0` as it is used here: nothing leaves the machine, little is loaded.

Mem0 imports parts that we never use: it wants a client of Qdrant for its default store, and asks
for a language model that `infer=False` never calls. The client brings grpcio and numpy; images
leave both out (requirements/left-out.txt). Half of a process' memory for Mem0 would be theirs.
"""

import logging
import os
import sys
import tempfile
import types
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any


class NoModel:
    """Stands where Mem0 wants a language model; nothing here may ask one."""

    def __init__(self, config: Any = None) -> None:
        self.config = config

    def generate_response(self, *_: Any, **__: Any) -> None:
        """Refuses."""
        raise NotImplementedError("Memories are stored as they are; no model is asked.")


@lru_cache(maxsize=1)
def load_mem0() -> Any:
    """Returns the module `mem0`, imported once per process, with its telemetry off."""
    os.environ["MEM0_TELEMETRY"] = "False"  # read at import
    # It makes this folder at import, and keeps nothing there that anybody needs again.
    os.environ.setdefault("MEM0_DIR", str(Path(tempfile.gettempdir()) / "mem0"))
    logging.getLogger("mem0").setLevel(logging.CRITICAL)  # it logs what it stores
    _stand_in_for_qdrant()
    with warnings.catch_warnings():  # it changes the filters of the whole process
        import mem0
        from mem0.utils.factory import EmbedderFactory, LlmFactory

    LlmFactory.provider_to_class["openai"] = (f"{__name__}.NoModel", dict)
    # Its configuration knows a fixed list of names only: these two are taken over.
    embedder = "app.infrastructure.mem0.embedder"
    EmbedderFactory.provider_to_class["huggingface"] = f"{embedder}.WordHashes"
    EmbedderFactory.provider_to_class["openai"] = f"{embedder}.EmbeddingService"
    return mem0


def _stand_in_for_qdrant() -> None:
    if "qdrant_client" not in sys.modules:
        module = types.ModuleType("qdrant_client")
        module.QdrantClient = type("QdrantClient", (), {})  # type: ignore[attr-defined]
        sys.modules["qdrant_client"] = module
