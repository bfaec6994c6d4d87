"""A channel in memory that does what the test says."""

import threading
from collections.abc import Callable

from app.infrastructure.db.models import User
from app.services.messages import Message


class ScriptedChannel:
    """Delivers, unless the script holds an error for the next message."""

    def __init__(self, name: str = "email", script: list[Exception] | None = None) -> None:
        self.name = name
        self.per_second: float | None = None
        self.approved_templates_only = name == "whatsapp"
        self.script = script or []
        self.sent: list[Message] = []
        self.timeouts: list[float] = []
        self.on_send: Callable[[Message], object] = lambda message: None
        self._lock = threading.Lock()

    def address_of(self, user: User) -> str | None:
        return user.email if self.name == "email" else user.phone

    def send(self, message: Message, *, timeout: float) -> str:
        self.on_send(message)
        with self._lock:
            self.timeouts.append(timeout)
            if self.script:
                raise self.script.pop(0)
            self.sent.append(message)
        return f"provider-{message.delivery_id}"
