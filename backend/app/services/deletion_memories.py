"""What is remembered of a company or a person that is deleted, by themselves and by others."""

from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.domain.memories import Owner
from app.infrastructure.db.models import Memory
from app.services.belonging import mentions
from app.services.deletion_subjects import Subject
from app.services.memory_deletion import ask_to_forget
from app.services.outbox import Outbox


def forget_all(session: Session, outbox: Outbox, subject: Subject) -> list[UUID]:
    """Empties the subject's memories and others' that tell of it; returns the runs that clear Mem0.

    The runs need neither the company nor the person: ids are enough for them.
    """
    runs = []
    for owner, slug in _owners(session, subject):
        run, _ = ask_to_forget(session, outbox, owner, slug=slug)
        runs.append(run.id)
    return runs


def _owners(session: Session, subject: Subject) -> list[tuple[Owner, str | None]]:
    """Returns whose memories go: all of the subject's own (slug None), single ones of others."""
    mine = and_(Memory.owner_type == subject.owner.type, Memory.owner_id == subject.owner.id)
    own: list[tuple[Owner, str | None]] = (
        [(subject.owner, None)] if session.scalar(select(Memory.id).where(mine).limit(1)) else []
    )
    # `user_role_{company}` and the like, what names it, and what a relative's memory calls it
    told = or_(
        mentions(Memory.slug, (str(subject.owner.id),)),
        mentions(Memory.content, subject.marks),
        and_(
            Memory.owner_type != subject.owner.type,
            Memory.owner_id.in_(subject.relatives),
            mentions(Memory.content, subject.name),
        ),
    )
    found = session.execute(
        select(Memory.owner_type, Memory.owner_id, Memory.slug).where(~mine, told)
    )
    return own + [
        (Owner("user" if kind == "user" else "company", owner_id), slug)
        for kind, owner_id, slug in found
    ]
