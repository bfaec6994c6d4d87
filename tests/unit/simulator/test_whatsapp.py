"""The WhatsApp API: Meta's rules, Meta's errors, and a sink."""

from copy import deepcopy
from typing import Any

import httpx
import pytest

from simulator.settings import Settings
from tests.unit.simulator.conftest import WHATSAPP_TOKEN
from tests.unit.simulator.server import Admin, running

PATH = "/whatsapp/v21.0/1055512345/messages"
MESSAGE = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "56987654321",
    "type": "template",
    "template": {
        "name": "f29_reminder_3d",
        "language": {"code": "es_CL"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "parameter_name": "due_date", "text": "13/04/2026"}
                ],
            }
        ],
    },
    "biz_opaque_callback_data": "delivery-1",
}


def send(address: str, message: Any, token: str = WHATSAPP_TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(address + PATH, json=message, headers=headers, verify=False)


def changed(path: str, value: Any) -> dict[str, Any]:
    message: Any = deepcopy(MESSAGE)
    *parents, last = path.split("/")
    target = message
    for name in parents:
        target = target[int(name) if name.isdigit() else name]
    target[last] = value
    return message


def test_a_template_message_is_accepted_and_kept(admin: Admin, address: str) -> None:
    answer = send(address, MESSAGE)
    assert answer.status_code == 200
    assert answer.json()["contacts"] == [{"input": "56987654321", "wa_id": "56987654321"}]
    (kept,) = admin.get("messages", channel="whatsapp")
    assert kept["message_id"] == answer.json()["messages"][0]["id"]
    assert kept["message_id"].startswith("wamid.")
    assert kept["to"] == "56987654321"
    assert kept["template"] == "f29_reminder_3d"
    assert kept["body"] == "13/04/2026"
    assert kept["biz_opaque_callback_data"] == "delivery-1"


def test_a_bad_token_is_401_with_code_190(admin: Admin, address: str) -> None:
    answer = send(address, MESSAGE, token="another")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190
    assert admin.get("messages") == []


def test_without_a_configured_token_nobody_may_send() -> None:
    with running(Settings(smtp_host="127.0.0.1", smtp_port=0)) as address:
        assert send(address, MESSAGE, token="anything").status_code == 401


@pytest.mark.parametrize(
    ("path", "value", "status", "code"),
    [
        ("messaging_product", "sms", 400, 100),
        ("to", "+56987654321", 400, 100),
        ("to", None, 400, 100),
        ("type", "text", 400, 131047),
        ("template", None, 400, 100),
        ("template/name", "F29 Reminder", 400, 100),
        ("template/name", "unknown_template", 404, 132001),
        ("template/language", {}, 400, 100),
        ("template/language", {"code": "en_US"}, 404, 132001),
        ("template/components", {}, 400, 100),
        ("template/components/0/type", "footer", 400, 100),
        ("template/components/0/parameters/0/text", "", 400, 131008),
        ("to", "56990131026", 400, 131026),
        ("to", "56990131056", 429, 131056),
        ("to", "56990130429", 429, 130429),
        ("to", "56990131000", 500, 131000),
    ],
)
def test_what_meta_refuses_is_refused_in_its_words(
    path: str, value: Any, status: int, code: int, admin: Admin, address: str
) -> None:
    answer = send(address, changed(path, value))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["type"] == "OAuthException"
    assert error["error_data"]["messaging_product"] == "whatsapp"
    assert admin.get("messages") == []
