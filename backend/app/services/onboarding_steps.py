"""The steps of an onboarding, as data: each is one ordinary run of one task."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from app.infrastructure.db.models import Onboarding
from app.services.document_fan_out import TASK as SYNC_DOCUMENTS
from app.services.document_fan_out import sync_key

MONTHS = 2  # of documents, as each day: the suppliers' of the last month are still arriving


@dataclass(frozen=True)
class Case:
    """One onboarding and what is known of its company so far."""

    onboarding: Onboarding
    tax_info_id: UUID | None  # None until the portal's home page was read

    @property
    def company_id(self) -> UUID:
        """Whose onboarding it is."""
        return self.onboarding.company_id


@dataclass(frozen=True)
class Step:
    """One step. It may start when the steps in `after` have ended well.

    One that `needs_facts` waits besides for what the portal says of the taxpayer, which is known
    minutes before the first sync is through; where the portal says nothing, for the sync's end.
    One that `needs_owner` is left out where the company has none.
    """

    name: str
    task: str
    kwargs: Callable[[Case], dict[str, Any]]
    after: tuple[str, ...] = ()
    needs_facts: bool = False
    needs_owner: bool = False
    dedupe_key: Callable[[Case, datetime], str] | None = None

    def applies_to(self, onboarding: Onboarding) -> bool:
        """Returns whether an onboarding has this step."""
        return not self.needs_owner or onboarding.user_id is not None

    def run_id(self, onboarding: Onboarding) -> UUID:
        """Returns the id of the step's run in the onboarding's present try."""
        return uuid5(onboarding.id, f"{self.task}:{onboarding.tries}")


def _company(case: Case) -> dict[str, Any]:
    return {"company_id": str(case.company_id)}


def _documents(case: Case) -> dict[str, Any]:
    return _company(case) | {"months": MONTHS}


def _reminders(case: Case) -> dict[str, Any]:
    return _company(case) | {"is_new_company": case.onboarding.is_new_company}


def _memories(case: Case) -> dict[str, Any]:
    """Ids only: the task reads the facts from the tables."""
    return _reminders(case) | {
        "user_id": str(case.onboarding.user_id),
        "company_tax_info_id": str(case.tax_info_id) if case.tax_info_id else None,
    }


STEPS: tuple[Step, ...] = (
    Step(
        "documents",
        SYNC_DOCUMENTS,
        _documents,
        # A sync of the same months that is under way does as well, whoever has asked for it.
        dedupe_key=lambda case, now: sync_key(case.company_id, MONTHS, now),
    ),
    Step("obligations", "calendar.activate_mandatory_events", _company, needs_facts=True),
    Step("calendar", "calendar.sync_company", _company, after=("obligations",)),
    Step("reminders", "calendar.assign_auto_notifications", _reminders, after=("calendar",)),
    Step("notifications", "notifications.sync_calendar", lambda _: {}, after=("reminders",)),
    Step(
        "memories",
        "memory.save_onboarding_memories",
        _memories,
        needs_facts=True,
        needs_owner=True,
    ),
)
BY_TASK: Mapping[str, Step] = {step.task: step for step in STEPS}
