"""Attempts: which start of a run may still act.

A run may have two lives at once: its worker was paused, was taken for dead, and comes back after
another one has started the run again. Each start raises the number of attempts in the run's row,
and only the last one may commit: what an attempt stores, it stores in one transaction with `hold`.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.errors import RunTakenOver
from app.infrastructure.db.models import Run

MAX_CRASHES = 5  # starts in a row that ended with the death of their worker


@dataclass(frozen=True)
class Attempt:
    """One start of a run, by its number: 1 is the first."""

    run_id: UUID
    number: int

    def hold(self, session: Session, *, is_progress: bool = True) -> None:
        """Keeps the run this attempt's own until the transaction of `session` ends.

        A run that gets on is not what kills its workers, so its crashes are forgotten; what every
        attempt stores anew, before it comes to where the last one died, is no progress.
        Raises RunTakenOver where a later attempt has begun, or the run has ended.
        """
        mine = (Run.id == self.run_id, Run.attempts == self.number, Run.finished_at.is_(None))
        crashes = 0 if is_progress else Run.crashes
        held = session.scalar(update(Run).where(*mine).values(crashes=crashes).returning(Run.id))
        if held is None:
            raise RunTakenOver
