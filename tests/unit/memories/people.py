"""A user and a company, their rows and the attempts of runs."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import Company, Membership, Memory, Run, User
from app.services.attempts import Attempt


@dataclass
class People:
    """Ana, who owns Panadería Las Nieves."""

    sessions: sessionmaker[Session]
    user_id: UUID
    company_id: UUID

    def attempt(self, run_id: UUID | None = None) -> Attempt:
        """Returns the next attempt of a run: a new run, or the one that is named."""
        with self.sessions.begin() as session:
            run = session.get(Run, run_id) if run_id else None
            if run is None:
                run = Run(id=uuid4(), task="memory.save_user_memories", state="running", attempts=0)
                session.add(run)
            run.attempts += 1
        return Attempt(run.id, run.attempts)

    def rows(self) -> dict[str, Memory]:
        """Returns all memories by slug."""
        with self.sessions() as session:
            return {row.slug: row for row in session.scalars(select(Memory))}


def people(sessions: sessionmaker[Session], email: str = "ana@example.com") -> People:
    """Adds a user and a company of theirs."""
    with sessions.begin() as session:
        user = User(email=email, full_name="Ana Rojas")
        company = Company(rut="77123456-9", business_name="Panadería Las Nieves SpA")
        session.add_all([user, company])
        session.flush()
        session.add(Membership(user_id=user.id, company_id=company.id, role="owner"))
    return People(sessions, user.id, company.id)


def memory(slug: str, content: str = "Toma café.", category: str = "taste") -> dict[str, str]:
    """Returns one entry of a task's `memories`."""
    return {"slug": slug, "category": category, "content": content}
