"""Saves facts in Mem0: once per owner and slug, whatever is lost on the way.

A fact's row is committed as `pending` before Mem0 is asked and as `stored` after it answered. A
row that is found pending is looked for in Mem0 by its slug, so that a lost answer makes no second
memory there. Two runs with one slug take turns.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.memories import Fact, Owner, read_facts
from app.errors import MemoriesUnfinished
from app.infrastructure.db.models import Memory
from app.services.attempts import Attempt
from app.services.memory_owners import as_id, check_owner, row_of, turn
from app.services.memory_store import FAILURES, Deadline, MemoryStore, Outcome, is_overdue

__all__ = ["MemoryStore", "save_company_memories", "save_facts", "save_user_memories"]

log = logging.getLogger(__name__)


def save_user_memories(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    *,
    attempt: Attempt,
    user_id: str,
    memories: list[Any],
) -> dict[str, int]:
    """Saves facts about a person and returns how many were created, updated and unchanged.

    Raises NotFound, InvalidInput, MemoriesUnfinished, MemoriesRefused, RunTakenOver.
    """
    return _save(sessions, store, attempt, Owner("user", as_id(user_id, "user")), memories)


def save_company_memories(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    *,
    attempt: Attempt,
    company_id: str,
    memories: list[Any],
) -> dict[str, int]:
    """Saves facts about a company; as save_user_memories."""
    return _save(sessions, store, attempt, Owner("company", as_id(company_id, "company")), memories)


def _save(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    attempt: Attempt,
    owner: Owner,
    memories: list[Any],
) -> dict[str, int]:
    facts = read_facts(memories)
    with sessions() as session:
        check_owner(session, owner)
    outcome = save_facts(sessions, store, attempt, owner, facts, Deadline())
    outcome.check()
    return {"memories_count": outcome.stored, **outcome.counts}


def save_facts(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    attempt: Attempt,
    owner: Owner,
    facts: Iterable[Fact],
    deadline: Deadline,
) -> Outcome:
    """Saves what it can and tells the rest. Raises RunTakenOver, ConfigurationError."""
    outcome = Outcome()

    def save(fact: Fact, *, is_last_time: bool) -> bool:
        try:
            deadline.check()
            with turn(sessions, owner, fact.slug):
                how = _save_one(sessions, store, attempt, owner, fact)
        except FAILURES as error:
            if isinstance(error, MemoriesUnfinished) and not is_last_time:
                return False
            log.warning("a memory of %s %s fails: %s", owner.type, owner.id, error)
            outcome.failures[fact.slug] = error
            how = "failed"
        outcome.counts[how] += 1
        return True

    # Mem0 stores most of what it accepts while the others are sent: no need to wait for a retry.
    for fact in [fact for fact in facts if not save(fact, is_last_time=False)]:
        save(fact, is_last_time=True)
    return outcome


def _save_one(
    sessions: sessionmaker[Session], store: MemoryStore, attempt: Attempt, owner: Owner, fact: Fact
) -> str:
    """Returns created, updated or unchanged: what this run, in all its attempts, made of it."""
    with sessions.begin() as session:
        attempt.hold(session)
        row = row_of(session, owner, fact.slug)
        if row is not None and _is_stored(row, store, fact):
            return row.change if row.written_by == attempt.run_id else "unchanged"
        is_new = row is None
        row = _note(session, row, store, attempt, owner, fact)
    memory_id = _put(store, row, owner, fact, is_new=is_new)
    with sessions.begin() as session:
        attempt.hold(session)
        _record(session, row.id, memory_id)
    if memory_id is None:
        raise MemoriesUnfinished("Mem0 has accepted it and has not stored it yet.")
    return row.change


def _is_stored(row: Memory, store: MemoryStore, fact: Fact) -> bool:
    same = (row.content_hash, row.store) == (fact.content_hash, store.name)
    return row.state == "stored" and same


def _note(
    session: Session,
    row: Memory | None,
    store: MemoryStore,
    attempt: Attempt,
    owner: Owner,
    fact: Fact,
) -> Memory:
    """Writes down what is about to be told to Mem0."""
    if row is None:
        row = Memory(owner_type=owner.type, owner_id=owner.id, slug=fact.slug, state="pending")
        session.add(row)
    elif row.store != store.name:  # another Mem0 knows nothing of it
        row.mem0_id, row.state = None, "pending"
    is_known = row.mem0_id is not None and row.state != "deleting"
    row.change = "updated" if is_known else "created"
    if row.state != "accepted" or is_overdue(row.updated_at):
        row.state, row.updated_at = "pending", datetime.now(UTC)
    row.store, row.written_by = store.name, attempt.run_id
    row.category, row.content, row.content_hash = fact.category, fact.content, fact.content_hash
    return row


def _put(store: MemoryStore, row: Memory, owner: Owner, fact: Fact, *, is_new: bool) -> str | None:
    """Returns the id in Mem0; None while Mem0 has only accepted it."""
    texts = (fact.slug, fact.category, fact.content)
    if row.mem0_id and store.update(row.mem0_id, *texts):
        return row.mem0_id
    found = None if is_new else store.find_by_slug(owner.mem0_id, fact.slug)
    if found and store.update(found, *texts):
        return found
    if row.state == "accepted":
        return None
    return store.add(owner.mem0_id, *texts)


def _record(session: Session, row_id: UUID, memory_id: str | None) -> None:
    """Writes down Mem0's answer; what somebody has deleted meanwhile stays deleted."""
    mine = update(Memory).where(Memory.id == row_id)
    session.execute(mine.values(mem0_id=memory_id))
    state = "stored" if memory_id else "accepted"
    session.execute(mine.where(Memory.state != "deleting").values(state=state))
