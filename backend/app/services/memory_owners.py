"""Whose memories they are, and whose turn it is to work on one."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.memories import Owner
from app.errors import NotFound
from app.infrastructure.db.models import Company, Memory, User


def as_id(text: str, what: str) -> UUID:
    """Returns the id of a user or company. Raises NotFound where no such thing can have it."""
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        raise NotFound(f"There is no {what} {text!r}; its id is a UUID.") from None


def check_owner(session: Session, owner: Owner) -> None:
    """Raises NotFound where nobody has this id."""
    kind = Company if owner.type == "company" else User
    if session.get(kind, owner.id) is None:
        raise NotFound(f"There is no {owner.type} {owner.id}.")


@contextmanager
def turn(sessions: sessionmaker[Session], owner: Owner, slug: str) -> Iterator[None]:
    """Waits until nobody else works on this owner's slug, and keeps others waiting meanwhile."""
    key = f"memory:{owner.mem0_id}:{slug}"
    with sessions.begin() as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
        yield


def row_of(session: Session, owner: Owner, slug: str) -> Memory | None:
    """Returns the row of an owner's slug, and keeps others from changing it meanwhile."""
    mine = (Memory.owner_type == owner.type, Memory.owner_id == owner.id, Memory.slug == slug)
    return session.scalars(select(Memory).where(*mine).with_for_update()).one_or_none()
