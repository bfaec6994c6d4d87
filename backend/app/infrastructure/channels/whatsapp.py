"""WhatsApp by Meta's Cloud API: approved templates only, since we write first.

Outside the 24 hours after a person's own message Meta accepts nothing else. The API knows no
idempotency key; `biz_opaque_callback_data` carries the delivery's id into the status webhooks.
Error codes: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

import re
import threading
from typing import Any

import httpx

from app.errors import ChannelUnavailable, DeliveryRefused, DeliveryUnknown, RateLimited
from app.infrastructure.db.models import User
from app.services.messages import Message

API_VERSION = "v21.0"
LANGUAGE = "es_CL"
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 10.0  # s
# Meta answers some of these with 400: the code tells, not the HTTP status.
RATE_CODES = {4, 80007, 130429, 131048, 131056}
OUTAGE_CODES = {1, 2, 131000, 131016, 131057}
_E164 = re.compile(r"\+([1-9]\d{7,14})")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class WhatsAppChannel:
    """Sends template messages from one business phone number."""

    name = "whatsapp"
    approved_templates_only = True

    def __init__(
        self, api_url: str, phone_number_id: str, token: str, per_second: float | None = None
    ) -> None:
        self.per_second = per_second
        self._url = httpx.URL(f"{api_url.rstrip('/')}/{API_VERSION}/{phone_number_id}/messages")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def address_of(self, user: User) -> str | None:
        """Returns the phone number as Meta wants it, digits only; None for no E.164 number."""
        match = _E164.fullmatch(user.phone or "")
        return match[1] if match else None

    def send(self, message: Message, *, timeout: float) -> str:
        """Returns the message's wamid. Raises as Channel says."""
        try:
            answer = self._http().send(self._request(message, timeout))
        except _NEVER_SENT as error:
            raise ChannelUnavailable(f"WhatsApp cannot be reached ({_kind(error)}).") from error
        except httpx.HTTPError as error:
            raise DeliveryUnknown(f"WhatsApp gave no answer ({_kind(error)}).") from error
        return _wamid(answer)

    def _request(self, message: Message, timeout: float) -> httpx.Request:
        limits = httpx.Timeout(
            min(READ_TIMEOUT, timeout * 2 / 3), connect=min(CONNECT_TIMEOUT, timeout / 3)
        )
        # Not by the client: what it merges into each request is a fifth of the CPU of sending it.
        return httpx.Request(
            "POST",
            self._url,
            headers=self._headers,
            json=_payload(message),
            extensions={"timeout": limits.as_dict()},
        )

    def _http(self) -> httpx.Client:
        with self._lock:  # made in the process that sends, never before a fork
            if self._client is None:
                self._client = httpx.Client()
            return self._client


def _payload(message: Message) -> dict[str, Any]:
    template: dict[str, Any] = {
        "name": message.text.whatsapp_template,
        "language": {"code": LANGUAGE},
    }
    parameters = [
        {"type": "text", "parameter_name": name, "text": value}
        for name, value in message.text.parameters
    ]
    if parameters:
        template["components"] = [{"type": "body", "parameters": parameters}]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.address,
        "type": "template",
        "template": template,
        "biz_opaque_callback_data": str(message.delivery_id),
    }


def _wamid(answer: httpx.Response) -> str:
    if not answer.is_success:
        raise _refusal(answer)
    try:
        return str(answer.json()["messages"][0]["id"])
    except (ValueError, LookupError, TypeError) as error:
        raise DeliveryUnknown("WhatsApp's answer names no message.") from error


def _refusal(answer: httpx.Response) -> Exception:
    code = _error_code(answer)
    what = f"HTTP {answer.status_code}, code {code}"  # Meta's own words may name the recipient
    if answer.status_code == 429 or code in RATE_CODES:
        error = RateLimited(f"WhatsApp asks for fewer messages ({what}).")
        wait = answer.headers.get("Retry-After", "")
        error.retry_after = int(wait) if wait.isdecimal() else None
        return error
    if answer.status_code < 400 or answer.status_code >= 500 or code in OUTAGE_CODES:
        return ChannelUnavailable(f"WhatsApp does not work at the moment ({what}).")
    return DeliveryRefused(f"WhatsApp refused the message ({what}).")


def _error_code(answer: httpx.Response) -> int | None:
    try:
        return int(answer.json()["error"]["code"])
    except (ValueError, LookupError, TypeError):
        return None


def _kind(error: Exception) -> str:
    return type(error).__name__  # its text may hold the URL
