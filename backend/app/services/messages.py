"""What is sent: a message, the channel that carries it, and how a template becomes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from app.errors import TemplateInvalid
from app.infrastructure.db.models import NotificationTemplate, User

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment


@dataclass(frozen=True)
class Text:
    """A rendered template."""

    subject: str
    body: str
    whatsapp_template: str | None
    parameters: tuple[tuple[str, str], ...]  # of the WhatsApp template: (name, value), in order


@dataclass(frozen=True)
class Message:
    """One text to one address. The delivery's id is what the provider gets to know it by."""

    delivery_id: UUID
    address: str
    text: Text


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """As stored with the delivery: `whatsapp`, `email`."""

    @property
    def per_second(self) -> float | None:
        """How many messages a second it may be given, by all workers together; None: any."""

    @property
    def approved_templates_only(self) -> bool:
        """Whether it carries only texts that its operator has approved beforehand."""

    def address_of(self, user: User) -> str | None:
        """Returns where the user is reached, None where they are not."""

    def send(self, message: Message, *, timeout: float) -> str:
        """Hands the message over within about `timeout` seconds; returns the provider's id.

        Raises ChannelUnavailable or RateLimited (nothing was sent), DeliveryUnknown (it may have
        been sent), DeliveryRefused (it will never be).
        """


def render(template: NotificationTemplate, context: Mapping[str, Any]) -> Text:
    """Returns the template's text in this context.

    Raises TemplateInvalid where the template is malformed or misses a value.
    """
    try:
        return Text(
            subject=" ".join(_fill(template.subject, context).split()),  # a header is one line
            body=_fill(template.body, context).strip() + "\n",
            whatsapp_template=template.whatsapp_template,
            parameters=_parameters(template, context) if template.whatsapp_template else (),
        )
    except Exception as error:  # a template is a user's program: it may raise anything
        raise TemplateInvalid(
            f"The template {template.code} cannot be rendered: {error or type(error).__name__}."
        ) from error


def _parameters(
    template: NotificationTemplate, context: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    missing = [name for name in template.whatsapp_parameters if name not in context]
    if missing:
        raise LookupError(f"the context lacks {', '.join(missing)}")
    # Meta refuses parameters with line breaks, tabs or runs of spaces.
    return tuple(
        (name, " ".join(str(context[name]).split())) for name in template.whatsapp_parameters
    )


def _fill(source: str, context: Mapping[str, Any]) -> str:
    return _compiled(source).render(context)


@lru_cache(maxsize=256)  # compiling takes longer than all the rest of a message
def _compiled(source: str) -> "Template":
    return _environment().from_string(source)


@lru_cache(maxsize=1)
def _environment() -> "SandboxedEnvironment":
    # Imported on first use: most processes of a worker never render anything.
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
