"""Status webhooks as Meta sends them: signed, a moment after the message was accepted."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from simulator.sink import Message

STATUSES = ("sent", "delivered")
TRIES = 5  # Meta goes on for days


class Webhooks:
    """Reports what became of messages to one address; to nobody where there is none."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret.encode()
        self._tasks: set[asyncio.Task[None]] = set()

    def report(self, message: Message) -> None:
        """Sends the statuses of an accepted message by and by."""
        if self._url:
            task = asyncio.get_running_loop().create_task(self._send_all(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_all(self, message: Message) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            for status in STATUSES:
                await self._send(client, json.dumps(_payload(message, status)).encode())

    async def _send(self, client: httpx.AsyncClient, body: bytes) -> None:
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        for number in range(TRIES):
            try:
                if (await client.post(self._url, content=body, headers=headers)).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2 * 2**number)


def _payload(message: Message, status: str) -> dict[str, Any]:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56200000000", "phone_number_id": "100000000000001"},
        "statuses": [
            {
                "id": message.message_id,
                "status": status,
                "timestamp": str(int(time.time())),
                "recipient_id": message.to,
                "biz_opaque_callback_data": message.biz_opaque_callback_data,
            }
        ],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "SIMULADOR", "changes": [{"value": value, "field": "messages"}]}],
    }
