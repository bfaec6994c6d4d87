"""Where Meta reports what became of messages. No API key: Meta signs what it sends.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, SecretStr

from app.api.answers import DOWN, UNAUTHENTICATED, invalid
from app.api.desk import DeskOf
from app.errors import InvalidInput, Unauthenticated
from app.services.delivery_reports import apply_reports, read_whatsapp_reports
from app.settings import get_settings

router = APIRouter(prefix="/webhooks", tags=["notifications"], responses=DOWN | UNAUTHENTICATED)
Short = Annotated[str, Query(max_length=300)]


class Heard(BaseModel):
    """How much of a report was news."""

    updated: int


@router.get(
    "/whatsapp",
    response_class=PlainTextResponse,
    summary="Answer Meta's verification of this address",
    responses=invalid("hub.challenge", "Field required"),
)
async def verify_whatsapp(
    mode: Annotated[Short, Query(alias="hub.mode")],
    token: Annotated[Short, Query(alias="hub.verify_token")],
    challenge: Annotated[Short, Query(alias="hub.challenge", pattern=r"^[A-Za-z0-9_.-]+$")],
) -> PlainTextResponse:
    """Gives the challenge back to who knows WHATSAPP_VERIFY_TOKEN."""
    expected = _secret(get_settings().whatsapp_verify_token)
    if mode != "subscribe" or not hmac.compare_digest(token.encode(), expected):
        raise Unauthenticated("The verify token is not ours.")
    return PlainTextResponse(challenge)


@router.post(
    "/whatsapp",
    summary="Take Meta's report of what became of messages",
    responses=invalid("body", "The body is no JSON."),
)
async def take_whatsapp_report(
    request: Request, desk: DeskOf, signature: Annotated[str, Header(alias="X-Hub-Signature-256")]
) -> Heard:
    """Signed by WHATSAPP_APP_SECRET. The same report twice, or an older one, changes nothing."""
    body = await request.body()
    key = _secret(get_settings().whatsapp_app_secret)
    expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise Unauthenticated("The signature is not Meta's.")
    try:
        reports = read_whatsapp_reports(json.loads(body))
    except (ValueError, RecursionError):
        raise InvalidInput("The body is no JSON.", "body") from None
    now = datetime.now(UTC)
    return await desk.transact(lambda session: Heard(updated=apply_reports(session, reports, now)))


def _secret(value: SecretStr | None) -> bytes:
    if value is None or not value.get_secret_value():
        raise Unauthenticated("This webhook is not configured.")
    return value.get_secret_value().encode()
