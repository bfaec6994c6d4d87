"""What the tests of deletion plant, and how they look for what is left."""

from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import (
    Memory,
    Run,
)
from app.services.belonging import search
from tests.unit.keeping.planting import ANA, LUZ, TABLES, Planted, plant


def plant_companies(sessions: sessionmaker[Session]) -> set[str]:
    """Plants both, named as companies everywhere but in the table of people."""
    columns = set()
    with sessions.begin() as session:
        for who in (ANA, LUZ):
            text = dict.fromkeys(TABLES, who.of_company) | {"users": who.of_person}
            columns |= plant(session, who, text)
            told = f"Trabaja en {who.company_name}."
            session.add_all([
                memory_of(who, "of_its_member", told),
                memory_of(who, f"user_role_{who.company_id}", "owner"),
                Run(id=uuid4(), task="memory.save_user_memories", state="failed",
                    finished_at=func.now(),
                    kwargs={"user_id": str(who.user_id), "memories": [told]}),
                Run(id=uuid4(), task="sii.sync_documents", state="queued",
                    company_id=who.company_id, dedupe_key=f"sii:{who.company_id}"),
            ])  # fmt: skip
    return columns


def memory_of(who: Planted, slug: str, content: str, **changes: Any) -> Memory:
    row = {"owner_type": "user", "owner_id": who.user_id, "slug": slug, "category": "work",
           "content": content, "content_hash": "", "store": "postgres",
           "state": "stored"}  # fmt: skip
    return Memory(**row | changes)


def snapshot(sessions: sessionmaker[Session], who: Planted) -> list[Any]:
    """Returns every row that names somebody, whole."""
    rows = []
    with sessions() as session:
        for table in TABLES.values():
            for row in session.execute(select(table)).mappings():
                text = str(dict(row))
                if any(mark in text for mark in (*who.of_company, *who.of_person)):
                    rows.append((table.name, text))
    return sorted(rows)


def found(sessions: sessionmaker[Session], names: tuple[str, ...]) -> dict[str, int]:
    with sessions() as session:
        return search(session, names)
