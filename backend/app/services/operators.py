"""What an operator does leaves a row that says who, what, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.infrastructure.db.models import OperatorAction

LONGEST = 200  # characters of a name, and of a reason


@dataclass(frozen=True)
class Operator:
    """Who acts, and why. Raises InvalidInput for no name, and for text that is too long."""

    name: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("Who does this is not said; name yourself with --by NAME.", "by")
        for field, text in (("by", self.name), ("reason", self.reason or "")):
            if len(text) > LONGEST:
                raise InvalidInput(f"{field} has more than {LONGEST} characters.", field)


def record_action(
    session: Session, by: Operator, action: str, target: object, run_id: UUID | None = None
) -> None:
    """Adds the row to the transaction that does the action; `run_id` is the run that it made."""
    session.add(
        OperatorAction(
            operator=by.name, reason=by.reason, action=action, target=str(target), run_id=run_id
        )
    )


def list_actions(session: Session, limit: int) -> Sequence[OperatorAction]:
    """Returns the last actions, newest first."""
    newest = select(OperatorAction).order_by(OperatorAction.id.desc()).limit(limit)
    return session.scalars(newest).all()
