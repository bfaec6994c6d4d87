"""How far a company's onboarding is, as one document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.infrastructure.db.models import Onboarding, Run, SiiCredential
from app.services.companies import find_company
from app.services.onboarding import find_onboarding, step_runs
from app.services.onboarding_steps import STEPS, Step
from app.services.sii_logins import is_usable

REFUSALS = ("invalid_credentials", "credentials_blocked", "credentials_missing")


@dataclass(frozen=True)
class StepProgress:
    """One step; `run` is None while it waits for others, and where it does not apply."""

    step: Step
    run: Run | None
    applies: bool = True

    @property
    def state(self) -> str:
        """The run's state, or `waiting`, or `skipped` where the step does not apply."""
        if self.run is not None:
            return self.run.state
        return "waiting" if self.applies else "skipped"


@dataclass(frozen=True)
class OnboardingProgress:
    """The whole. `detail` says in a sentence what has to be done, None where nothing has."""

    company_id: UUID
    state: str  # running, waiting_for_credential, failed, done
    detail: str | None
    steps: Sequence[StepProgress]
    started_at: datetime
    finished_at: datetime | None


def show_onboarding(session: Session, company_id: UUID) -> OnboardingProgress:
    """Returns the progress of a company's onboarding. Raises NotFound."""
    find_company(session, company_id)
    onboarding = find_onboarding(session, company_id)
    runs = step_runs(session, onboarding)
    credential = session.get(SiiCredential, company_id)
    state, detail = _state(onboarding, runs, credential)
    return OnboardingProgress(
        company_id=company_id,
        state=state,
        detail=detail,
        steps=[
            StepProgress(step, runs.get(step.name), step.applies_to(onboarding)) for step in STEPS
        ],
        started_at=onboarding.started_at,
        finished_at=onboarding.finished_at,
    )


def _state(
    onboarding: Onboarding, runs: Mapping[str, Run], credential: SiiCredential | None
) -> tuple[str, str | None]:
    if onboarding.finished_at is not None:
        return "done", None
    if _needs_credential(runs.get("documents"), credential):
        return "waiting_for_credential", _what_is_wrong(credential)
    failed = [name for name, run in runs.items() if run.finished_at and run.state != "succeeded"]
    if failed:
        return "failed", f"Failed: {', '.join(failed)}. What is left can be tried again."
    return "running", None


def _needs_credential(documents: Run | None, credential: SiiCredential | None) -> bool:
    if documents is not None and (documents.state == "succeeded" or documents.finished_at is None):
        return False
    refused = documents is not None and documents.error_code in REFUSALS
    return refused or not is_usable(credential, datetime.now(UTC))


def _what_is_wrong(credential: SiiCredential | None) -> str:
    if credential is None:
        return "The company has no login at SII; put its credential."
    if credential.status == "blocked":
        return "SII has blocked this login for about an hour; put the credential again after that."
    return "SII refused the clave; put the credential with the right one."
