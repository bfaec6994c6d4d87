"""Importing Mem0: no network, no telemetry, no client of Qdrant; each in a process of its own."""

import subprocess
import sys

from tests.conftest import ROOT

NO_NETWORK = """
import socket, sys
class NoSocket(socket.socket):
    def __init__(self, *arguments, **options):
        raise AssertionError("a socket was made")
socket.socket = NoSocket
class LeftOut:  # what the images do not have
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("qdrant_client", "grpc", "numpy", "openai", "google"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, LeftOut())
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK + script],
        cwd=ROOT / "backend",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mem0_is_imported_without_network_or_telemetry_and_with_what_the_images_have() -> None:
    run(
        "from app.infrastructure.mem0.package import load_mem0\n"
        "mem0 = load_mem0()\n"
        "from mem0.memory import telemetry\n"
        "assert telemetry.MEM0_TELEMETRY is False\n"
        "assert telemetry.client_telemetry.posthog is None\n"
        "import logging; assert not logging.getLogger('mem0.memory.main').isEnabledFor(40)\n"
    )


def test_the_hosted_store_sends_nothing_to_anybody_else() -> None:
    run(
        "from app.infrastructure.mem0.hosted import HostedStore\n"
        "from app.errors import MemoryStoreUnavailable\n"
        "try: HostedStore('http://127.0.0.1:9', 'key').delete('x')\n"
        "except AssertionError: pass\n"
        "from mem0.memory import telemetry\n"
        "assert telemetry.MEM0_TELEMETRY is False\n"
    )


def test_the_store_in_postgres_is_built_without_network_and_with_what_the_images_have() -> None:
    run(
        "from app.infrastructure.mem0.postgres import PostgresStore\n"
        "from app.infrastructure.mem0.package import load_mem0\n"
        "store = PostgresStore('postgresql+psycopg://a:b@nowhere/c', {'embedding_dims': 256})\n"
        "configuration = store._configuration()\n"
        "from psycopg_pool import ConnectionPool\n"
        "pool = ConnectionPool('', open=False)\n"
        "configuration['vector_store']['config'] = {'connection_pool': pool,"
        " 'embedding_model_dims': 256, 'collection_name': 'x'}\n"
        "memory = load_mem0().Memory.from_config(configuration)\n"
        "assert type(memory.embedding_model).__name__ == 'WordHashes'\n"
        "assert type(memory.llm).__name__ == 'NoModel'\n"
    )


def test_a_worker_and_the_api_start_without_mem0() -> None:
    loaded = run(
        "from app.infrastructure.celery import app\n"
        "app.loader.import_default_modules()\n"
        "import app.main\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('mem0', 'posthog')])\n"
    )
    assert loaded.strip() == "[]"
