"""People, their place in companies, and when they want to be told."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.notifications import (
    MemberView,
    NewMembership,
    NewUser,
    Preferences,
    UserView,
)
from app.services import notification_settings, users

router = APIRouter(tags=["notifications"], responses=DOWN)
WRONG_ID = invalid("company_id", "Input should be a valid UUID")


@router.post(
    "/users",
    status_code=HTTPStatus.CREATED,
    summary="Add a person",
    responses=invalid("time_zone", "There is no time zone 'Mars/Olympus'."),
)
async def create_user(body: NewUser, desk: DeskOf) -> UserView:
    """The same e-mail address again gives the person who has it, as they are."""
    return await desk.transact(
        lambda session: UserView.of(users.find_or_create_user(session, **body.model_dump()))
    )


@router.get(
    "/companies/{company_id}/members",
    summary="List a company's members",
    responses=not_found("company") | WRONG_ID,
)
async def show_members(company_id: UUID, desk: DeskOf) -> list[MemberView]:
    """By their e-mail address."""
    return await desk.transact(
        lambda session: [MemberView.of(each) for each in users.list_members(session, company_id)]
    )


@router.put(
    "/companies/{company_id}/members/{user_id}",
    summary="Make a person a member of a company",
    responses=not_found("company") | WRONG_ID,
)
async def set_member(
    company_id: UUID, user_id: UUID, body: NewMembership, desk: DeskOf
) -> MemberView:
    """Or change the role that they have."""
    return await desk.transact(
        lambda session: MemberView.of(
            (
                users.find_user(session, user_id),
                users.add_member(session, user_id, company_id, body.role),
            )
        )
    )


@router.get(
    "/companies/{company_id}/members/{user_id}/preferences",
    summary="Show when a person wants to be told about a company",
    responses=not_found("company") | WRONG_ID,
)
async def show_preferences(company_id: UUID, user_id: UUID, desk: DeskOf) -> Preferences:
    """The defaults where nothing was set: at any time."""
    return await desk.transact(
        lambda session: Preferences.model_validate(
            notification_settings.find_preferences(session, user_id, company_id)
        )
    )


@router.put(
    "/companies/{company_id}/members/{user_id}/preferences",
    summary="Set when a person wants to be told about a company",
    responses=not_found("company")
    | invalid("quiet_end", "Quiet hours that end when they start are none or all."),
)
async def set_preferences(
    company_id: UUID, user_id: UUID, body: Preferences, desk: DeskOf
) -> Preferences:
    """What comes at another time waits until the first moment at which it may be sent."""
    return await desk.transact(
        lambda session: Preferences.model_validate(
            notification_settings.set_preferences(session, user_id, company_id, body.model_dump())
        )
    )
