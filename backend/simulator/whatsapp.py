"""The WhatsApp Cloud API (Meta's Graph API): accepts template messages and keeps them."""

import hmac
import json
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.sink import Message
from simulator.state import Simulator
from simulator.whatsapp_rules import ApiError, check_message

BAD_TOKEN = {
    "error": {
        "message": "Invalid OAuth access token - Cannot parse access token",
        "type": "OAuthException",
        "code": 190,
        "fbtrace_id": "SIMULADOR",
    }
}


async def send_message(request: Request) -> Response:
    """POST /v21.0/{phone_number_id}/messages: 200 with an id, or Meta's error body."""
    simulator: Simulator = request.app.state.simulator
    if not _is_authorised(request, simulator.settings.whatsapp_token):
        return JSONResponse(BAD_TOKEN, 401)
    try:
        message = await _read_message(request)
        check_message(message)
    except ApiError as error:
        return JSONResponse(error.body(), error.status)
    message_id = f"wamid.{uuid4().hex.upper()}"
    kept = _kept(message, message_id)
    simulator.sink.keep(kept)
    simulator.webhooks.report(kept)
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": message["to"], "wa_id": message["to"]}],
            "messages": [{"id": message_id, "message_status": "accepted"}],
        }
    )


def _is_authorised(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").encode()
    return bool(token) and hmac.compare_digest(given, f"Bearer {token}".encode())


async def _read_message(request: Request) -> dict[str, Any]:
    try:
        message = json.loads(await request.body())
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise ApiError(400, 100, "Invalid parameter", "The body must be a JSON object")
    return message


def _kept(message: dict[str, Any], message_id: str) -> Message:
    template = message["template"]
    texts = [
        str(parameter.get("text", ""))
        for component in template.get("components", [])
        for parameter in component.get("parameters", [])
    ]
    return Message(
        channel="whatsapp",
        to=message["to"],
        message_id=message_id,
        template=template["name"],
        body=" | ".join(texts),
        biz_opaque_callback_data=message.get("biz_opaque_callback_data", ""),
    )


routes = [Route(r"/v{version}/{phone_number_id:int}/messages", send_message, methods=["POST"])]
