"""What an owner had deleted leaves Mem0, whatever comes between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.domain.memories import Owner
from app.errors import InvalidInput, MemoriesRefused, MemoriesUnfinished, NotFound
from app.infrastructure.db.models import Run
from app.infrastructure.mem0.hosted import HostedStore
from app.infrastructure.mem0.postgres import PostgresStore
from app.services.memories import save_user_memories
from app.services.memory_deletion import ask_to_forget, forget_memories
from app.services.outbox import Outbox
from tests.simulator import Simulator
from tests.unit.memories.people import People, memory
from tests.unit.publishers import Nowhere

ADD = "/mem0/v3/memories/add/"


def save(ana: People, store: Any, *memories: dict[str, str]) -> dict[str, int]:
    return save_user_memories(
        ana.sessions,
        store,
        attempt=ana.attempt(),
        user_id=str(ana.user_id),
        memories=list(memories),
    )


def ask(ana: People, slug: str | None = None) -> None:
    with ana.sessions.begin() as session:
        ask_to_forget(session, Outbox(Nowhere()), Owner("user", ana.user_id), slug=slug)


def forget(ana: People, store: Any, attempt: Any = None) -> dict[str, int]:
    return forget_memories(
        ana.sessions,
        store,
        attempt=attempt or ana.attempt(),
        owner_type="user",
        owner_id=str(ana.user_id),
    )


def test_one_memory_or_all_leave_the_store_in_postgres(ana: People, store: PostgresStore) -> None:
    save(ana, store, memory("a"), memory("b"), memory("c"))
    ask(ana, "a")
    assert forget(ana, store) == {"deleted": 1}
    assert set(ana.rows()) == {"b", "c"}
    assert store.find_by_slug(str(ana.user_id), "a") is None
    ask(ana)
    assert forget(ana, store) == {"deleted": 2}
    assert forget(ana, store) == {"deleted": 0}
    assert store.search(str(ana.user_id), "café") == []
    with ana.sessions() as session:  # Mem0 keeps no copy in tables of its own
        tables = session.connection().exec_driver_sql(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'mem0%%'"
        )
        assert tables.scalars().all() == ["mem0_memories"]


def test_an_outage_while_deleting_is_tried_again(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    save(ana, hosted, memory("a"), memory("b"))
    ask(ana)
    simulator.fail("/mem0/v1/memories", "lost_answer", count=1)
    first = ana.attempt()
    with pytest.raises(MemoriesUnfinished, match=r"\(a\)"):
        forget(ana, hosted, first)
    assert forget(ana, hosted, ana.attempt(first.run_id)) == {"deleted": 1}
    assert (simulator.memories(), ana.rows()) == ([], {})


def test_a_memory_whose_add_was_never_answered_is_found_and_deleted(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "lost_answer", count=1)
    with pytest.raises(MemoriesUnfinished):
        save(ana, hosted, memory("a"))
    ask(ana)
    assert forget(ana, hosted) == {"deleted": 1}
    assert simulator.memories() == []


def test_a_memory_that_mem0_has_not_stored_yet_is_not_called_deleted(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "pending", count=1)
    with pytest.raises(MemoriesUnfinished):
        save(ana, hosted, memory("a"))
    ask(ana)
    with pytest.raises(MemoriesUnfinished, match="may still come"):
        forget(ana, hosted)
    simulator.heal()
    assert forget(ana, hosted) == {"deleted": 1}
    assert simulator.memories() == []


def test_two_copies_at_once_delete_each_memory_once(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    save(ana, hosted, *(memory(f"fact-{number}") for number in range(5)))
    ask(ana)
    attempts = [ana.attempt() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda attempt: forget(ana, hosted, attempt), attempts))
    assert sum(end["deleted"] for end in ends) == 5
    requests = simulator.state()["requests"].items()
    assert sum(times for request, times in requests if request.startswith("DELETE")) == 5
    assert (simulator.memories(), ana.rows()) == ([], {})


def test_what_is_deleted_while_it_is_saved_stays_deleted(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    class Interrupted:
        """Lets its owner delete the memory while Mem0 is asked."""

        name, stores_later = hosted.name, hosted.stores_later
        update, find_by_slug, delete = hosted.update, hosted.find_by_slug, hosted.delete

        def add(self, *texts: str) -> str | None:
            added = hosted.add(*texts) or hosted.find_by_slug(texts[0], texts[1])
            ask(ana)
            return added

    save(ana, Interrupted(), memory("a"))
    assert (ana.rows()["a"].state, ana.rows()["a"].content) == ("deleting", "")
    assert forget(ana, hosted) == {"deleted": 1}
    assert (simulator.memories(), ana.rows()) == ([], {})


def test_a_fact_that_is_saved_anew_after_its_deletion_stays(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    save(ana, hosted, memory("a"))
    ask(ana)
    assert save(ana, hosted, memory("a", "Toma té."))["created"] == 1
    assert forget(ana, hosted) == {"deleted": 0}
    assert [each["memory"] for each in simulator.memories()] == ["Toma té."]


def test_what_lies_in_another_store_is_not_called_deleted(
    ana: People, hosted: HostedStore, store: PostgresStore
) -> None:
    save(ana, store, memory("a"))
    ask(ana)
    with pytest.raises(MemoriesRefused, match="lies in the store postgres, and hosted is conf"):
        forget(ana, hosted)
    assert forget(ana, store) == {"deleted": 1}


def test_another_store_gets_a_memory_of_its_own(
    ana: People, hosted: HostedStore, store: PostgresStore, simulator: Simulator
) -> None:
    save(ana, store, memory("a"))
    assert save(ana, hosted, memory("a"))["created"] == 1
    assert len(simulator.memories()) == 1


def test_the_arguments_of_finished_runs_forget_too(ana: People, store: PostgresStore) -> None:
    ids = {"user_id": str(ana.user_id), "company_id": str(ana.company_id)}
    facts = {"memories": [memory("a")], "contribuyente_info": {"rut": "1"}}
    others = {"user_id": str(ana.company_id)} | facts
    runs = [
        Run(id=uuid4(), task=task, kwargs=kwargs, state="succeeded", finished_at=finished_at)
        for task, kwargs, finished_at in (
            ("memory.save_onboarding_memories", ids | facts, datetime.now(UTC)),
            ("memory.save_user_memories", others, datetime.now(UTC)),
            ("memory.save_user_memories", ids | facts, None),
            ("memory.save_user_memories", None, datetime.now(UTC)),
        )
    ]
    with ana.sessions.begin() as session:
        session.add_all(runs)
    forget(ana, store)
    with ana.sessions() as session:
        kept = [session.get_one(Run, run.id).kwargs for run in runs]
    assert kept == [ids, others, ids | facts, None]


def test_bad_owners_are_refused(ana: People, store: PostgresStore) -> None:
    with pytest.raises(NotFound), ana.sessions.begin() as session:
        ask_to_forget(session, Outbox(Nowhere()), Owner("company", ana.user_id))
    with pytest.raises(InvalidInput):
        forget_memories(ana.sessions, store, attempt=ana.attempt(), owner_type="dog", owner_id="x")
