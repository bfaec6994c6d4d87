"""Mem0: the hosted one, or its open-source store in our Postgres."""

from typing import TYPE_CHECKING

from app.errors import ConfigurationError
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.memories import MemoryStore


def open_store(settings: Settings) -> "MemoryStore":
    """Returns the store that the settings choose; nothing is asked of it yet.

    The hosted Mem0 with MEM0_API_KEY; else our Postgres, with the embeddings of the service at
    MEM0_EMBEDDER_URL or, without one, with those that need no service. Raises ConfigurationError.
    """
    if settings.mem0_api_key:
        from app.infrastructure.mem0.hosted import HostedStore

        return HostedStore(settings.mem0_host, settings.require("mem0_api_key"))
    from app.infrastructure.mem0.postgres import PostgresStore

    return PostgresStore(settings.require("database_url"), _embedder(settings))


def _embedder(settings: Settings) -> dict[str, object]:
    if not settings.mem0_embedder_url:
        return {"embedding_dims": 512}
    if not (settings.mem0_embedder_model and settings.mem0_embedder_dims):
        raise ConfigurationError(
            "The embedding service is configured by halves; set MEM0_EMBEDDER_MODEL and"
            " MEM0_EMBEDDER_DIMS as well as MEM0_EMBEDDER_URL, or none of them."
        )
    key = settings.mem0_embedder_api_key
    return {
        "model": settings.mem0_embedder_model,
        "embedding_dims": settings.mem0_embedder_dims,
        "openai_base_url": settings.mem0_embedder_url,
        "api_key": key.get_secret_value() if key else None,
    }
