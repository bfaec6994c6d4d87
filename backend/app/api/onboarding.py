"""A company's onboarding: how far it is, and trying again what failed."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.onboarding import OnboardingView
from app.services import onboarding
from app.services.onboarding_progress import show_onboarding
from app.services.outbox import Outbox

router = APIRouter(
    prefix="/companies/{company_id}/onboarding",
    tags=["companies"],
    responses=DOWN
    | not_found("onboarding")
    | invalid("company_id", "Input should be a valid UUID"),
)


@router.get("", summary="Show a company's onboarding")
async def show_progress(company_id: UUID, desk: DeskOf) -> OnboardingView:
    """Step by step. A company has one since its credential was put."""
    return await desk.transact(
        lambda session: OnboardingView.of(show_onboarding(session, company_id))
    )


@router.post("", status_code=HTTPStatus.ACCEPTED, summary="Try an onboarding again")
async def resume_onboarding(company_id: UUID, desk: DeskOf) -> OnboardingView:
    """Starts again the steps that failed; what ended well stays done. A login that SII refused is
    not tried again: put its credential."""

    def resume(session: Session, outbox: Outbox) -> OnboardingView:
        onboarding.resume(session, outbox, company_id)
        return OnboardingView.of(show_onboarding(session, company_id))

    return await desk.start(resume)
