"""Companies and their credentials."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from app.api.answers import CONFLICT, DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.companies import CompanyView, Credential, NewCompany, NewCredential
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.services import companies
from app.services.outbox import Outbox
from app.services.registration import Owner, PortalLogin, register_company, renew_credential

router = APIRouter(prefix="/companies", tags=["companies"], responses=DOWN)
WRONG_RUT = "The check digit of this RUT is wrong."


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Add a company",
    responses=CONFLICT | invalid("rut", WRONG_RUT),
)
async def create_company(body: NewCompany, desk: DeskOf, response: Response) -> CompanyView:
    """The `Location` header names the new company. With a credential its onboarding has started:
    `onboarding` shows it, step by step. Company, login and owner are all stored, or none is.
    """

    def register(session: Session, outbox: Outbox) -> CompanyView:
        company = register_company(
            session,
            outbox,
            desk.cipher(),
            rut=body.rut,
            business_name=body.business_name,
            owner=Owner(**body.owner.model_dump()) if body.owner else None,
            login=_login(body.credential) if body.credential else None,
        )
        return CompanyView.of(company)

    company = await desk.start(register)
    response.headers["Location"] = f"/v1/companies/{company.id}"
    return company


def _login(given: NewCredential) -> PortalLogin:
    return PortalLogin(given.login_rut, given.clave.get_secret_value())


@router.get("", summary="List companies", responses=invalid("cursor", WRONG_CURSOR))
async def list_companies(
    desk: DeskOf, limit: Limit = 100, cursor: Cursor = None
) -> Page[CompanyView]:
    """In the order of their RUT."""
    return await desk.transact(
        lambda session: page_of(
            CompanyView.of, companies.list_companies(session, limit=limit, cursor=cursor)
        )
    )


@router.get(
    "/{company_id}",
    summary="Show a company",
    responses=not_found("company") | invalid("company_id", "Input should be a valid UUID"),
)
async def show_company(company_id: UUID, desk: DeskOf) -> CompanyView:
    """With its login at SII and whether that worked, without the clave."""
    return await desk.transact(
        lambda session: CompanyView.of(companies.find_company(session, company_id))
    )


@router.put(
    "/{company_id}/credential",
    summary="Set a company's login at SII",
    responses=not_found("company") | invalid("login_rut", WRONG_RUT),
)
async def set_credential(company_id: UUID, body: NewCredential, desk: DeskOf) -> Credential:
    """Replaces the one before. The new one is `unproven` until a sync has used it. The company's
    onboarding starts, or goes on where SII refused the one before."""

    def renew(session: Session, outbox: Outbox) -> Credential:
        login = _login(body)
        return Credential.of(renew_credential(session, outbox, desk.cipher(), company_id, login))

    return await desk.start(renew)
