"""An answer in latin-1, as older parts of the portal still send it."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


def in_latin1(send: Send) -> Send:
    """Sends an answer in UTF-8 on as latin-1, under a content type that does not say so."""
    start: list[Message] = []
    body = bytearray()

    async def recoded(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        body.extend(message.get("body", b""))
        if not message.get("more_body"):
            content = _recoded(bytes(body))
            headers = MutableHeaders(raw=start[0]["headers"])
            headers["content-type"] = headers.get("content-type", "").partition(";")[0]
            headers["content-length"] = str(len(content))
            await send(start[0])
            await send({"type": "http.response.body", "body": content})

    return recoded


def _recoded(content: bytes) -> bytes:
    try:
        return content.decode().encode("latin-1", "replace")
    except UnicodeDecodeError:
        return content  # it is in latin-1 already
