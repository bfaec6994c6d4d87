"""What is remembered of people and companies: theirs to see, and to have forgotten."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import Desk, DeskOf
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.api.schemas.memories import MemoryView
from app.api.schemas.runs import RunView
from app.domain.memories import Owner
from app.services import memory_deletion

router = APIRouter(tags=["memories"], responses=DOWN)

Slug = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9_-]{0,119}$", examples=["company_activity"])]
ACCEPTED = HTTPStatus.ACCEPTED
NO_USER = not_found("user") | invalid("user_id", "Input should be a valid UUID")
NO_COMPANY = not_found("company") | invalid("company_id", "Input should be a valid UUID")
FORGOTTEN = "The content is gone at once; the run takes it out of Mem0, too."


@router.get(
    "/users/{user_id}/memories",
    summary="List what is remembered of a user",
    responses=not_found("user") | invalid("cursor", WRONG_CURSOR),
)
async def list_user_memories(
    user_id: UUID, desk: DeskOf, limit: Limit = 100, cursor: Cursor = None
) -> Page[MemoryView]:
    """In the order of their slugs."""
    return await _page(desk, Owner("user", user_id), limit, cursor)


@router.get(
    "/companies/{company_id}/memories",
    summary="List what is remembered of a company",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def list_company_memories(
    company_id: UUID, desk: DeskOf, limit: Limit = 100, cursor: Cursor = None
) -> Page[MemoryView]:
    """In the order of their slugs."""
    return await _page(desk, Owner("company", company_id), limit, cursor)


@router.delete(
    "/users/{user_id}/memories",
    status_code=ACCEPTED,
    summary="Forget a user",
    description=FORGOTTEN,
    responses=NO_USER,
)
async def forget_user(user_id: UUID, desk: DeskOf, response: Response) -> RunView:
    return await _forget(desk, response, Owner("user", user_id))


@router.delete(
    "/users/{user_id}/memories/{slug}",
    status_code=ACCEPTED,
    summary="Forget one thing of a user",
    description=FORGOTTEN,
    responses=NO_USER,
)
async def forget_user_memory(
    user_id: UUID, slug: Slug, desk: DeskOf, response: Response
) -> RunView:
    return await _forget(desk, response, Owner("user", user_id), slug)


@router.delete(
    "/companies/{company_id}/memories",
    status_code=ACCEPTED,
    summary="Forget a company",
    description=FORGOTTEN,
    responses=NO_COMPANY,
)
async def forget_company(company_id: UUID, desk: DeskOf, response: Response) -> RunView:
    return await _forget(desk, response, Owner("company", company_id))


@router.delete(
    "/companies/{company_id}/memories/{slug}",
    status_code=ACCEPTED,
    summary="Forget one thing of a company",
    description=FORGOTTEN,
    responses=NO_COMPANY,
)
async def forget_company_memory(
    company_id: UUID, slug: Slug, desk: DeskOf, response: Response
) -> RunView:
    return await _forget(desk, response, Owner("company", company_id), slug)


async def _page(desk: Desk, owner: Owner, limit: int, cursor: str | None) -> Page[MemoryView]:
    return await desk.transact(
        lambda session: page_of(
            MemoryView.of,
            memory_deletion.list_memories(session, owner, limit=limit, cursor=cursor),
        )
    )


async def _forget(desk: Desk, response: Response, owner: Owner, slug: str | None = None) -> RunView:
    run = await desk.start(
        lambda session, outbox: RunView.of(
            memory_deletion.ask_to_forget(session, outbox, owner, slug=slug)[0]
        )
    )
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return run
