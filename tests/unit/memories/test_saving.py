"""What becomes of facts, on the store in Postgres, with Mem0's own code."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from app.errors import InvalidInput, MemoriesUnfinished, NotFound, RunTakenOver
from app.infrastructure.mem0.postgres import PostgresStore
from app.services import memory_store
from app.services.memories import save_company_memories, save_user_memories
from tests.unit.memories.people import People, memory


def save(ana: People, store: Any, *memories: dict[str, str], **options: Any) -> dict[str, int]:
    attempt = options.pop("attempt", None) or ana.attempt()
    return save_user_memories(
        ana.sessions, store, attempt=attempt, user_id=str(ana.user_id), memories=list(memories)
    )


def test_new_changed_and_known_facts_are_counted_as_such(ana: People, store: PostgresStore) -> None:
    first = save(ana, store, memory("coffee"), memory("tea"))
    assert first == {"memories_count": 2, "created": 2, "updated": 0, "unchanged": 0, "failed": 0}
    second = save(ana, store, memory("coffee", "Prefiere el té."), memory("tea"), memory("mate"))
    assert second == {"memories_count": 3, "created": 1, "updated": 1, "unchanged": 1, "failed": 0}
    rows = ana.rows()
    assert {row.state for row in rows.values()} == {"stored"}
    for slug in ("coffee", "tea", "mate"):
        assert store.find_by_slug(str(ana.user_id), slug) == rows[slug].mem0_id
    assert store.search(str(ana.user_id), "¿prefiere TE?", 1) == ["Prefiere el té."]


def test_a_changed_category_is_a_change(ana: People, store: PostgresStore) -> None:
    save(ana, store, memory("coffee"))
    assert save(ana, store, memory("coffee", category="drinks"))["updated"] == 1


def test_a_company_and_a_user_have_slugs_of_their_own(ana: People, store: PostgresStore) -> None:
    save(ana, store, memory("coffee"))
    counts = save_company_memories(
        ana.sessions,
        store,
        attempt=ana.attempt(),
        company_id=str(ana.company_id),
        memories=[memory("coffee", "Vende café.")],
    )
    assert counts["created"] == 1
    assert store.find_by_slug(f"company_{ana.company_id}", "coffee")
    assert store.search(f"company_{ana.company_id}", "café") == ["Vende café."]


def test_a_second_attempt_of_a_run_counts_what_the_first_has_done(
    ana: People, store: PostgresStore
) -> None:
    first = ana.attempt()
    save(ana, store, memory("coffee"), attempt=first)
    again = save(ana, store, memory("coffee"), attempt=ana.attempt(first.run_id))
    assert (again["created"], again["unchanged"]) == (1, 0)


def test_an_attempt_that_was_overtaken_stores_nothing(ana: People, store: PostgresStore) -> None:
    old = ana.attempt()
    ana.attempt(old.run_id)
    with pytest.raises(RunTakenOver):
        save(ana, store, memory("coffee"), attempt=old)
    assert ana.rows() == {}


def test_two_copies_with_a_store_each_store_each_fact_once(
    ana: People, store: PostgresStore, database_url: str
) -> None:
    other = PostgresStore(database_url, {"embedding_dims": 512})
    memories = [memory(f"fact-{number}") for number in range(8)]
    work = [(store, ana.attempt()), (other, ana.attempt())]
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda each: save(ana, each[0], *memories, attempt=each[1]), work))
    other.close()
    assert [end["memories_count"] for end in ends] == [8, 8]
    assert (sum(end["created"] for end in ends), sum(end["unchanged"] for end in ends)) == (8, 8)
    assert len(store.search(str(ana.user_id), "café", 100)) == 8


def test_what_an_attempt_has_no_time_for_is_left_to_the_next(
    ana: People, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_store, "WORKING_TIME", 0)
    with pytest.raises(MemoriesUnfinished, match="time is over"):
        save(ana, store, memory("coffee"))
    assert ana.rows() == {}


def test_a_memory_that_mem0_has_lost_is_added_again(ana: People, store: PostgresStore) -> None:
    save(ana, store, memory("coffee"))
    lost = ana.rows()["coffee"].mem0_id
    assert lost
    store.delete(lost)
    save(ana, store, memory("coffee", "Prefiere el té."))
    assert store.find_by_slug(str(ana.user_id), "coffee") == ana.rows()["coffee"].mem0_id != lost


@pytest.mark.parametrize("user_id", [str(uuid4()), "nobody", ""], ids=["uuid", "word", "empty"])
def test_an_unknown_owner_is_refused_by_name(
    ana: People, store: PostgresStore, user_id: str
) -> None:
    with pytest.raises(NotFound, match=f"There is no user '?{user_id}"):
        save_user_memories(
            ana.sessions, store, attempt=ana.attempt(), user_id=user_id, memories=[memory("a")]
        )


BAD: list[tuple[Any, str]] = [
    ("text", "memories"),
    ([memory("a"), memory("a", "other")], "memories"),
    ([memory("a"), memory("Bad Slug")], "memories[1].slug"),
    ([memory("a" * 121)], "memories[0].slug"),
    ([memory("a", " ")], "memories[0].content"),
    ([memory("a", "x" * 4001)], "memories[0].content"),
    ([memory("a", "nul \0")], "memories[0].content"),
    ([memory("a", category="")], "memories[0].category"),
    ([{"slug": "a"}], "memories[0]"),
    ([None], "memories[0]"),
]


@pytest.mark.parametrize(("memories", "field"), BAD)
def test_one_bad_fact_refuses_all_before_anything_is_stored(
    ana: People, store: PostgresStore, memories: Any, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        save_user_memories(
            ana.sessions,
            store,
            attempt=ana.attempt(),
            user_id=str(ana.user_id),
            memories=memories,
        )
    assert refused.value.field == field
    assert ana.rows() == {}
