"""People on a fresh database, and both kinds of Mem0."""

from collections.abc import Iterator

import pytest

from app.infrastructure.db.session import get_session_factory
from app.infrastructure.mem0.hosted import HostedStore
from app.infrastructure.mem0.postgres import PostgresStore
from tests.simulator import Simulator, running_simulator
from tests.unit.memories.people import People, people

KEY = "a-key-of-this-test"


@pytest.fixture(scope="package")
def simulator_process() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_MEM0_API_KEY=KEY) as simulator:
        yield simulator


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def hosted(simulator: Simulator) -> Iterator[HostedStore]:
    store = HostedStore(f"{simulator.url}/mem0", KEY)
    yield store
    store.close()


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(database_url, {"embedding_dims": 512})
    yield store
    store.close()


@pytest.fixture
def ana(database_url: str) -> People:
    return people(get_session_factory())
