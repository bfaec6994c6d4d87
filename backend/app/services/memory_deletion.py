"""What an owner may ask of what we remember: to see it, and to have it forgotten.

Forgetting takes two steps: the content goes from our table at once, in the request; a run takes
it out of Mem0, as often as that needs, and removes the row.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, cast, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.domain.memories import Owner, OwnerType, check_slug
from app.errors import InvalidInput, MemoriesUnfinished, MemoryElsewhere, NotFound
from app.infrastructure.db.models import Memory, Run
from app.services.attempts import Attempt
from app.services.cursors import cut_page, decode_cursor
from app.services.memory_owners import as_id, check_owner, row_of, turn
from app.services.memory_store import FAILURES, Deadline, MemoryStore, Outcome, is_overdue
from app.services.outbox import Outbox
from app.services.runs import enqueue

TASK = "system.forget_memories"
TELLING = (  # their arguments hold facts
    "memory.save_user_memories",
    "memory.save_company_memories",
    "memory.save_onboarding_memories",
)


def list_memories(
    session: Session, owner: Owner, *, limit: int, cursor: str | None = None
) -> tuple[Sequence[Memory], str | None]:
    """Returns a page of an owner's memories by slug, and the cursor of the next one.

    Raises NotFound, InvalidInput.
    """
    check_owner(session, owner)
    query = select(Memory).where(*_of(owner), Memory.state != "deleting").order_by(Memory.slug)
    if cursor:
        query = query.where(Memory.slug > decode_cursor(cursor, _slug)[0])
    found = session.scalars(query.limit(limit + 1)).all()
    return cut_page(found, limit, lambda one: (one.slug,))


def ask_to_forget(
    session: Session, outbox: Outbox, owner: Owner, *, slug: str | None = None
) -> tuple[Run, bool]:
    """Forgets one memory of an owner, or all: empties the rows and enqueues the run for the rest.

    Raises NotFound where there is no such owner or no such slug.
    """
    check_owner(session, owner)
    wanted = [*_of(owner), *([Memory.slug == slug] if slug else [])]
    emptied = {"state": "deleting", "content": "", "content_hash": "", "category": ""}
    found = session.scalars(update(Memory).where(*wanted).values(emptied).returning(Memory.id))
    if not found.all() and slug:
        raise NotFound(f"There is no memory {slug} of {owner.type} {owner.id}.")
    # Not deduplicated: a run that has begun may have read the rows before these were marked.
    kwargs = {"owner_type": owner.type, "owner_id": str(owner.id)}
    company_id = owner.id if owner.type == "company" else None
    return enqueue(session, outbox, task=TASK, kwargs=kwargs, company_id=company_id)


def forget_memories(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    *,
    attempt: Attempt,
    owner_type: str,
    owner_id: str,
) -> dict[str, int]:
    """Takes what an owner had deleted out of Mem0, and removes the rows.

    Raises InvalidInput, MemoriesUnfinished, MemoriesRefused, RunTakenOver.
    """
    owner = Owner(_owner_type(owner_type), as_id(owner_id, owner_type))
    outcome, deadline = Outcome(), Deadline()
    with sessions() as session:
        marked = select(Memory.slug).where(*_of(owner), Memory.state == "deleting")
        slugs = session.scalars(marked.order_by(Memory.slug)).all()
    for slug in slugs:
        try:
            deadline.check()
            with turn(sessions, owner, slug):
                outcome.counts["deleted"] += _forget(sessions, store, attempt, owner, slug)
        except (*FAILURES, MemoryElsewhere) as error:
            outcome.failures[slug] = error
            outcome.counts["failed"] += 1
    with sessions.begin() as session:
        attempt.hold(session)
        _empty_arguments(session, owner)
    outcome.check()
    return {"deleted": outcome.counts["deleted"]}


def _forget(
    sessions: sessionmaker[Session],
    store: MemoryStore,
    attempt: Attempt,
    owner: Owner,
    slug: str,
) -> bool:
    """Returns whether this run has deleted it."""
    with sessions() as session:
        row = row_of(session, owner, slug)
    if row is None or row.state != "deleting":
        return False  # another run was faster, or the fact was saved anew
    if row.store != store.name:
        raise MemoryElsewhere(
            f"The memory {slug} lies in the store {row.store}, and {store.name} is configured;"
            f" configure {row.store} again, or delete it there by hand."
        )
    memory_id = row.mem0_id or store.find_by_slug(owner.mem0_id, slug)
    if memory_id:
        store.delete(memory_id)
    elif store.stores_later and not is_overdue(row.updated_at):
        raise _may_still_come()
    with sessions.begin() as session:
        attempt.hold(session)
        same = (Memory.id == row.id, Memory.state == "deleting")
        return session.scalar(delete(Memory).where(*same).returning(Memory.id)) is not None


def _may_still_come() -> MemoriesUnfinished:
    error = MemoriesUnfinished("It was sent to Mem0 and may still come.")
    error.retry_after = 1300  # s; three retries outlast LONGEST_ACCEPTANCE
    return error


def _owner_type(text: str) -> OwnerType:
    """Returns the kind of owner that a task's argument names. Raises InvalidInput."""
    if text == "user":
        return "user"
    if text == "company":
        return "company"
    raise InvalidInput(f"owner_type is {text!r}; it must be user or company.", "owner_type")


def _slug(text: str) -> str:
    return check_slug(text, "cursor")


def _empty_arguments(session: Session, owner: Owner) -> None:
    """Takes what was to be remembered out of the owner's finished runs, which are kept 90 days."""
    facts = cast(["memories", "contribuyente_info"], ARRAY(Text))
    session.execute(
        update(Run)
        .where(
            Run.task.in_(TELLING),
            Run.finished_at.is_not(None),
            Run.kwargs[f"{owner.type}_id"].astext == str(owner.id),
        )
        .values(kwargs=Run.kwargs.op("-")(facts))
    )


def _of(owner: Owner) -> list[Any]:
    return [Memory.owner_type == owner.type, Memory.owner_id == owner.id]
