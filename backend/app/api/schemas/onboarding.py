"""Onboarding over the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.runs import RunError, RunProgress, RunState, error_of_run
from app.services.onboarding_progress import OnboardingProgress, StepProgress

_RUN = "0f4d2f8e-2f0b-4a44-8f6b-3f2b8a1f9a10"
EXAMPLE: dict[str, Any] = {
    "company_id": "5f0c3a52-7f5e-4c1c-9a39-1f1f6f6a4c11",
    "state": "running",
    "detail": None,
    "steps": [
        {
            "name": "documents",
            "task": "sii.sync_documents",
            "run_id": _RUN,
            "state": "running",
            "progress": {"done": 1, "total": 4, "detail": "2026-10 sale"},
            "error": None,
        },
        {
            "name": "calendar",
            "task": "calendar.sync_company",
            "run_id": None,
            "state": "waiting",
            "progress": None,
            "error": None,
        },
    ],
    "started_at": "2026-11-23T14:05:00Z",
    "finished_at": None,
}


class OnboardingStep(BaseModel):
    """One step."""

    name: str
    task: str
    run_id: UUID | None = Field(description="null while the step waits for others.")
    state: RunState | Literal["waiting", "skipped"] = Field(
        description="That of the run. `skipped`: the company has no owner to remember it for."
    )
    progress: RunProgress | None
    error: RunError | None

    @classmethod
    def of(cls, found: StepProgress) -> "OnboardingStep":
        """Returns a step as the API shows it."""
        return cls(
            name=found.step.name,
            task=found.step.task,
            run_id=found.run.id if found.run else None,
            state=found.state,
            progress=found.run.progress if found.run else None,
            error=error_of_run(found.run) if found.run else None,
        )


class OnboardingView(BaseModel):
    """A company's way from its login to its calendar, documents, reminders and memories."""

    model_config = ConfigDict(title="Onboarding", json_schema_extra={"examples": [EXAMPLE]})

    company_id: UUID
    state: Literal["running", "waiting_for_credential", "failed", "done"] = Field(
        description="`waiting_for_credential`: SII refused the login, and nothing is tried until"
        " the credential is put again. `failed`: some step failed; the others go on."
    )
    detail: str | None = Field(description="What has to be done; null where nothing has.")
    steps: list[OnboardingStep]
    started_at: AwareDatetime
    finished_at: AwareDatetime | None

    @classmethod
    def of(cls, found: OnboardingProgress) -> "OnboardingView":
        """Returns a progress document as the API shows it."""
        columns = {name: getattr(found, name) for name in cls.model_fields if name != "steps"}
        return cls(**columns, steps=[OnboardingStep.of(step) for step in found.steps])
