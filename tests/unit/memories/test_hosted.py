"""The hosted Mem0 through its own client, against the simulator's strict API."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, update

from app.errors import ConfigurationError, MemoriesRefused, MemoriesUnfinished
from app.infrastructure.db.models import Memory
from app.infrastructure.mem0.hosted import HostedStore, _id_in
from app.services.memories import save_user_memories
from tests.simulator import Simulator
from tests.unit.memories.people import People, memory
from tests.waiting import wait_until

ADD = "/mem0/v3/memories/add/"


def save(ana: People, store: Any, *memories: dict[str, str], attempt: Any = None) -> dict[str, int]:
    return save_user_memories(
        ana.sessions,
        store,
        attempt=attempt or ana.attempt(),
        user_id=str(ana.user_id),
        memories=list(memories),
    )


def contents(simulator: Simulator) -> list[str]:
    return sorted(each["memory"] for each in simulator.memories())


def adds(simulator: Simulator) -> int:
    return int(simulator.state()["requests"].get(f"POST {ADD}", 0))


def test_facts_are_added_found_by_their_slug_and_changed(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    assert save(ana, hosted, memory("coffee"), memory("tea"))["created"] == 2
    assert save(ana, hosted, memory("coffee", "Toma té."), memory("tea"))["updated"] == 1
    assert contents(simulator) == ["Toma café.", "Toma té."]
    for kept in simulator.memories():
        assert kept["user_id"] == str(ana.user_id)
        assert ana.rows()[kept["metadata"]["slug"]].mem0_id == kept["id"]
    assert simulator.state()["requests"]["GET /mem0/v1/ping/"] == 1, "one client per process"


def test_a_lost_answer_is_recovered_and_nothing_is_added_twice(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "lost_answer", count=1)
    first = ana.attempt()
    with pytest.raises(MemoriesUnfinished, match=r"1 of 2 memories are not stored \(coffee\)"):
        save(ana, hosted, memory("coffee"), memory("tea"), attempt=first)
    assert {slug: row.state for slug, row in ana.rows().items()} == {
        "coffee": "pending",
        "tea": "stored",
    }
    counts = save(ana, hosted, memory("coffee"), memory("tea"), attempt=ana.attempt(first.run_id))
    assert counts == {"memories_count": 2, "created": 2, "updated": 0, "unchanged": 0, "failed": 0}
    assert contents(simulator) == ["Toma café.", "Toma café."]
    assert adds(simulator) == 2


def test_what_mem0_has_only_accepted_is_waited_for_and_not_added_again(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "pending")
    first = ana.attempt()
    with pytest.raises(MemoriesUnfinished, match="accepted"):
        save(ana, hosted, memory("coffee"), attempt=first)
    assert ana.rows()["coffee"].state == "accepted"
    with pytest.raises(MemoriesUnfinished):
        save(ana, hosted, memory("coffee", "Toma té."), attempt=ana.attempt(first.run_id))
    simulator.heal()
    save(ana, hosted, memory("coffee", "Toma té."), attempt=ana.attempt(first.run_id))
    assert contents(simulator) == ["Toma té."]
    assert adds(simulator) == 1


def test_what_mem0_accepted_and_never_stored_is_added_again_after_an_hour(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "pending", count=1)
    with pytest.raises(MemoriesUnfinished):
        save(ana, hosted, memory("coffee"))
    with ana.sessions.begin() as session:
        ago = func.now() - timedelta(minutes=61)
        session.execute(update(Memory).values(updated_at=ago))
    assert save(ana, hosted, memory("coffee"))["created"] == 1
    assert adds(simulator) == 2


def test_two_copies_at_once_add_one_memory_each(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    memories = [memory(f"fact-{number}") for number in range(5)]
    attempts = [ana.attempt() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda a: save(ana, hosted, *memories, attempt=a), attempts))
    assert sorted(end["created"] + end["unchanged"] for end in ends) == [5, 5]
    assert sum(end["created"] for end in ends) == 5
    assert (adds(simulator), len(simulator.memories())) == (5, 5)


def test_a_copy_waits_while_another_one_talks_to_mem0(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "hold", count=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(save, ana, hosted, memory("coffee"))
        wait_until(lambda: simulator.state()["held"] == 1, what="the first copy's add")
        second = pool.submit(save, ana, hosted, memory("coffee"))
        simulator.heal()
        ends = [first.result(), second.result()]
    assert sorted(end["created"] for end in ends) == [0, 1], "whoever saw that Mem0 has it"
    assert sorted(end["unchanged"] for end in ends) == [0, 1]
    assert len(simulator.memories()) == 1


@pytest.mark.parametrize("kind", ["http_500", "http_503"])
def test_an_outage_is_transient_and_names_what_is_missing(
    ana: People, hosted: HostedStore, simulator: Simulator, kind: str
) -> None:
    simulator.fail("/mem0", kind)
    with pytest.raises(MemoriesUnfinished, match=r"\(coffee\): Mem0 does not work at the moment"):
        save(ana, hosted, memory("coffee"))
    simulator.heal()
    assert save(ana, hosted, memory("coffee"))["created"] == 1


def test_a_refusal_is_permanent_and_comes_after_the_others_are_stored(
    ana: People, hosted: HostedStore, simulator: Simulator
) -> None:
    simulator.fail(ADD, "http_400", count=1)
    with pytest.raises(MemoriesRefused, match=r"\(odd\): Mem0 refused the memory \(HTTP 400\)"):
        save(ana, hosted, memory("odd"), memory("tea"))
    assert contents(simulator) == ["Toma café."]


def test_a_wrong_key_is_a_matter_of_configuration(ana: People, simulator: Simulator) -> None:
    store = HostedStore(f"{simulator.url}/mem0", "not-the-key")
    with pytest.raises(ConfigurationError, match="Mem0 refuses MEM0_API_KEY"):
        save(ana, store, memory("coffee"))


def test_deleting_twice_is_deleting(ana: People, hosted: HostedStore, simulator: Simulator) -> None:
    save(ana, hosted, memory("coffee"))
    memory_id = ana.rows()["coffee"].mem0_id
    assert memory_id
    hosted.delete(memory_id)
    hosted.delete(memory_id)
    assert simulator.memories() == []
    assert hosted.update(memory_id, "coffee", "taste", "x") is False


@pytest.mark.parametrize(
    ("answer", "memory_id"),
    [
        ({"results": [{"id": "m1", "memory": "x", "event": "ADD"}]}, "m1"),
        ([{"id": "m1", "event": "ADD"}], "m1"),
        ({"status": "PENDING", "event_id": "e1"}, None),
        ({"results": [{"status": "PENDING", "event_id": "e1", "id": "e1"}]}, None),
    ],
)
def test_an_event_is_never_taken_for_a_memory(answer: Any, memory_id: str | None) -> None:
    assert _id_in(answer) == memory_id
