"""Mem0's open-source store in our Postgres, by pgvector."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import httpx
import psycopg
from psycopg_pool import PoolTimeout

from app.errors import ConfigurationError, MemoryRefused, MemoryStoreUnavailable
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import CONNECTION
from app.infrastructure.mem0.package import load_mem0

_LOCK = 7_262_510_004  # any fixed number that is nobody else's
_NO_PGVECTOR = (
    "Memories need the extension pgvector in Postgres and the right to create their table; let an"
    " administrator run CREATE EXTENSION vector, or set MEM0_API_KEY for the hosted Mem0."
)


class PostgresStore:
    """One table per kind of embeddings, made on first use: they do not mix."""

    stores_later = False

    def __init__(self, database_url: str, embedder: dict[str, Any]) -> None:
        self._url = libpq_url(database_url)
        self._embedder = embedder
        kind = f"{embedder.get('model')} {embedder['embedding_dims']}".encode()
        suffix = f"_{sha256(kind).hexdigest()[:6]}" if "model" in embedder else ""
        self.name = f"postgres{suffix}"
        self._table = f"mem0_memories{suffix}"
        self._made: Any = None
        self._lock = threading.Lock()

    def add(self, owner: str, slug: str, category: str, content: str) -> str | None:
        """As MemoryStore says."""
        metadata = {"slug": slug, "category": category}
        with _translated():
            added = self._memory().add(content, user_id=owner, metadata=metadata, infer=False)
        return str(added["results"][0]["id"])

    def update(self, memory_id: str, slug: str, category: str, content: str) -> bool:
        """As MemoryStore says."""
        with _translated():
            memory = self._memory()
            if memory.get(memory_id) is None:
                return False
            metadata = {"slug": slug, "category": category}
            memory.update(memory_id, text=content, metadata=metadata)
        return True

    def find_by_slug(self, owner: str, slug: str) -> str | None:
        """As MemoryStore says."""
        with _translated():
            found = self._memory().get_all(filters={"user_id": owner, "slug": slug})["results"]
        oldest = min(found, key=lambda each: str(each["created_at"]), default=None)
        return str(oldest["id"]) if oldest else None

    def search(self, owner: str, question: str, limit: int = 5) -> list[str]:
        """Returns the contents nearest to a question, best first: what assistants ask."""
        with _translated():
            found = self._memory().search(
                question, filters={"user_id": owner}, top_k=limit, threshold=0.0
            )
        return [str(each["memory"]) for each in found["results"]]

    def delete(self, memory_id: str) -> None:
        """As MemoryStore says."""
        with _translated():
            if self._memory().get(memory_id) is not None:
                self._memory().delete(memory_id)

    def close(self) -> None:
        """Closes the connections."""
        if self._made is not None:
            self._made.vector_store.connection_pool.close()

    def _memory(self) -> Any:
        with self._lock:
            if self._made is None:
                self._make_table()
                self._made = load_mem0().Memory.from_config(self._configuration())
            return self._made

    def _configuration(self) -> dict[str, Any]:
        provider = "openai" if "model" in self._embedder else "huggingface"
        return {
            "vector_store": {
                "provider": "pgvector",
                "config": {
                    "connection_string": psycopg.conninfo.make_conninfo(self._url, **CONNECTION),
                    "collection_name": self._table,
                    "embedding_model_dims": self._embedder["embedding_dims"],
                    # Exact: an owner's few memories are found by their filter, which an index of
                    # vectors would apply to its own guesses only.
                    "hnsw": False,
                    "maxconn": 2,
                },
            },
            "embedder": {"provider": provider, "config": self._embedder},
            "llm": {"provider": "openai", "config": {}},
            "history_db_path": ":memory:",
        }

    def _make_table(self) -> None:
        """Makes what Mem0 would make at its first statement, where two processes would collide."""
        dims = int(self._embedder["embedding_dims"])
        with psycopg.connect(self._url, **CONNECTION) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            connection.execute(
                psycopg.sql.SQL(
                    "CREATE TABLE IF NOT EXISTS {} (id UUID PRIMARY KEY, vector vector({}),"
                    " payload JSONB)"
                ).format(psycopg.sql.Identifier(self._table), psycopg.sql.Literal(dims))
            )
            connection.execute(
                psycopg.sql.SQL(
                    "CREATE INDEX IF NOT EXISTS {} ON {} ((payload->>'user_id'))"
                ).format(
                    psycopg.sql.Identifier(f"{self._table}_owner"),
                    psycopg.sql.Identifier(self._table),
                )
            )


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the libraries raise into our errors; their texts may hold what was stored."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status == 408 or status == 429 or status >= 500:
            raise MemoryStoreUnavailable(_service(f"HTTP {status}")) from None
        raise MemoryRefused(_service(f"HTTP {status}")) from None
    except httpx.HTTPError as error:
        raise MemoryStoreUnavailable(_service(type(error).__name__)) from None
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
        raise ConfigurationError(_NO_PGVECTOR) from None
    except psycopg.errors.InsufficientPrivilege:
        raise ConfigurationError(_NO_PGVECTOR) from None
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise MemoryStoreUnavailable(
            f"Postgres does not answer Mem0 ({type(error).__name__})."
        ) from None
    except (psycopg.Error, ValueError) as error:
        raise MemoryRefused(f"Mem0 cannot store this ({type(error).__name__}).") from None


def _service(what: str) -> str:
    return f"The embedding service at MEM0_EMBEDDER_URL gave no embedding ({what})."
