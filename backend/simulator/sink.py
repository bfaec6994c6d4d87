"""Messages that the WhatsApp API and the mail server accepted."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime


def _now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True)
class Message:
    """One accepted message; `body` is what its receiver would read or the template's values."""

    channel: str  # whatsapp, email
    to: str
    message_id: str
    template: str = ""
    subject: str = ""
    body: str = ""
    biz_opaque_callback_data: str = ""
    at: str = field(default_factory=_now)


@dataclass
class Sink:
    """Everything accepted since the last reset, oldest first."""

    messages: list[Message] = field(default_factory=list)

    def keep(self, message: Message) -> None:
        """Accept a message."""
        self.messages.append(message)

    def report(self, channel: str | None = None) -> list[dict[str, str]]:
        """The messages of one channel or of both, as JSON values."""
        return [asdict(one) for one in self.messages if channel in (None, one.channel)]
