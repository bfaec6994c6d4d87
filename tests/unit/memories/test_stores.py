"""Which Mem0 the settings choose, and how the one in Postgres meets trouble."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import psycopg
import pytest

from app import bootstrap
from app.errors import ConfigurationError, MemoryRefused, MemoryStoreUnavailable
from app.infrastructure.mem0 import open_store
from app.infrastructure.mem0.hosted import HostedStore
from app.infrastructure.mem0.postgres import PostgresStore
from app.settings import Settings
from tests.conftest import administration

TEXTS = ("slug", "category", "content")


def test_the_settings_choose_the_store(database_url: str) -> None:
    assert isinstance(open_store(Settings(mem0_api_key="key")), HostedStore)
    words = open_store(Settings())
    assert (type(words), words.name) == (PostgresStore, "postgres")
    service = {"mem0_embedder_url": "http://e/v1", "mem0_embedder_model": "m"}
    one = open_store(Settings(**service, mem0_embedder_dims=384))
    other = open_store(Settings(**service, mem0_embedder_dims=768))
    assert len({words.name, one.name, other.name}) == 3, "embeddings of two kinds do not mix"
    with pytest.raises(ConfigurationError, match="configured by halves"):
        open_store(Settings(**service))


def test_a_process_has_one_store(database_url: str) -> None:
    bootstrap.memory_store.cache_clear()
    assert bootstrap.memory_store() is bootstrap.memory_store()
    bootstrap.memory_store.cache_clear()


def test_many_processes_make_the_table_together(database_url: str) -> None:
    stores = [PostgresStore(database_url, {"embedding_dims": 8}) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(lambda store: store.add("ana", *TEXTS), stores))
    assert len(set(ids)) == 6
    for store in stores:
        store.close()


def test_a_postgres_without_pgvector_is_a_matter_of_configuration(
    postgres_server: str, database_url: str
) -> None:
    name = database_url.rsplit("/", 1)[1]
    with administration(postgres_server) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'word'")
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO {name}")
    plain = psycopg.conninfo.conninfo_to_dict(postgres_server.replace("+psycopg", ""))
    url = f"postgresql+psycopg://{name}:word@{plain['host']}:{plain['port']}/{name}"
    try:
        with pytest.raises(ConfigurationError, match="extension pgvector"):
            PostgresStore(url, {"embedding_dims": 8}).add("ana", *TEXTS)
    finally:
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


def test_a_postgres_that_is_away_is_transient() -> None:
    store = PostgresStore("postgresql+psycopg://a:b@127.0.0.1:9/c", {"embedding_dims": 8})
    with pytest.raises(MemoryStoreUnavailable):
        store.find_by_slug("ana", "slug")


class Embeddings:
    """A service with OpenAI's interface."""

    def __init__(self) -> None:
        self.status, self.body = 200, b'{"data": [{"embedding": [0.6, 0.8, 0]}]}'
        self.asked: list[tuple[str, str | None]] = []


@pytest.fixture
def embeddings() -> Iterator[tuple[Embeddings, str]]:
    service = Embeddings()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append((self.path, self.headers["Authorization"]))
            self.send_response(service.status)
            self.send_header("Content-Length", str(len(service.body)))
            self.end_headers()
            self.wfile.write(service.body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield service, f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_service_of_embeddings_is_asked_and_its_trouble_is_told_apart(
    database_url: str, embeddings: tuple[Embeddings, str]
) -> None:
    service, url = embeddings
    store = open_store(
        Settings(
            mem0_embedder_url=url,
            mem0_embedder_model="m",
            mem0_embedder_dims=3,
            mem0_embedder_api_key="own",
        )
    )
    assert isinstance(store, PostgresStore)
    assert store.add("ana", *TEXTS) == store.find_by_slug("ana", "slug")
    assert service.asked == [("/v1/embeddings", "Bearer own")]
    service.status = 503
    with pytest.raises(MemoryStoreUnavailable, match="HTTP 503"):
        store.add("ana", *TEXTS)
    service.status = 401
    with pytest.raises(MemoryRefused, match="HTTP 401"):
        store.add("ana", *TEXTS)
    service.status, service.body = 200, b'{"data": [{"embedding": [1, 2]}]}'
    with pytest.raises(MemoryRefused):
        store.add("ana", *TEXTS)
    store.close()
