"""People, their preferences, and what they are told, over the wire."""

from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.infrastructure.db.models import (
    Membership,
    NotificationDelivery,
    ScheduledNotification,
    User,
)

Line = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Body = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]+$")]
# What OpenAPI calls the format "time" has an offset (RFC 3339); a clock on the wall has none.
_WALL = {"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}
Clock = Annotated[
    time,
    WithJsonSchema(_WALL | {"description": "In the person's own zone.", "examples": ["22:00:00"]}),
]
SendAt = Annotated[
    time, WithJsonSchema(_WALL | {"description": "In America/Santiago.", "examples": ["09:00:00"]})
]
ChannelName = Literal["email", "whatsapp"]
Role = Literal["owner", "accountant", "viewer"]


class NewUser(BaseModel):
    """A person who is to be told about companies."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email": "ana@pyme.example",
                    "full_name": "Ana Pérez",
                    "phone": "+56987654321",
                    "time_zone": "America/Santiago",
                }
            ]
        },
    )

    email: Line
    full_name: Line
    phone: Line | None = Field(None, description="E.164; a Chilean one may lack its +56.")
    rut: Line | None = None
    time_zone: Line = Field("America/Santiago", description="An IANA name.")


class UserView(BaseModel):
    """A person."""

    model_config = ConfigDict(title="User")

    id: UUID
    email: str
    full_name: str
    phone: str | None
    rut: str | None
    time_zone: str

    @classmethod
    def of(cls, user: User) -> "UserView":
        """Returns a row as the API shows it."""
        return cls.model_validate(user, from_attributes=True)


class NewMembership(BaseModel):
    """A person's place in a company."""

    model_config = ConfigDict(extra="forbid")

    role: Role = "owner"


class MemberView(BaseModel):
    """A member of a company."""

    model_config = ConfigDict(title="Member")

    user: UserView
    role: str

    @classmethod
    def of(cls, found: tuple[User, Membership]) -> "MemberView":
        """Returns two rows as the API shows them."""
        return cls(user=UserView.of(found[0]), role=found[1].role)


class Preferences(BaseModel):
    """When a person wants to be told about a company."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    enabled: bool = True
    quiet_start: Clock | None = None
    quiet_end: Clock | None = None
    muted_weekdays: list[int] = Field([], max_length=7, description="1 is Monday, 7 Sunday.")
    max_per_day: int | None = Field(None, description="1 to 100; null: any number.")
    min_interval_minutes: int | None = Field(None, description="1 to 1440; null: none.")


class Subscription(BaseModel):
    """Whether a company is told by a template."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    enabled: bool = True
    channels: list[ChannelName] | None = Field(None, description="null: every one.")


class SubscriptionView(Subscription):
    """Whether a company is told by a template."""

    template_code: str


class TemplateTexts(BaseModel):
    """What may be edited of a template. Jinja2: texts, variables and `if`."""

    model_config = ConfigDict(extra="forbid")

    subject: Line
    body: Body
    whatsapp_template: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")] | None = (
        None
    )
    whatsapp_parameters: list[Line] = Field([], max_length=20)
    days_before: int | None = Field(None, ge=-30, le=365, description="Of the due date.")
    send_at: SendAt = time(9)
    is_active: bool = True


class TemplateView(BaseModel):
    """A template of notifications."""

    model_config = ConfigDict(title="NotificationTemplate", from_attributes=True)

    code: str
    subject: str
    body: str
    whatsapp_template: str | None
    whatsapp_parameters: list[str]
    event_code: str | None
    method: str | None
    days_before: int | None
    send_at: SendAt
    auto_assign: bool
    is_active: bool


class Preview(BaseModel):
    """A template's text with invented values."""

    subject: str
    body: str


class DeliveryView(BaseModel):
    """One message to one person by one channel."""

    model_config = ConfigDict(title="Delivery", from_attributes=True)

    id: UUID
    notification_id: UUID
    user_id: UUID
    channel: str
    status: str = Field(
        description="sending, sent, failed, deferred (not to be disturbed now), or unknown: it may"
        " have arrived, and is never sent again unless an operator says so."
    )
    provider_status: str | None = Field(description="sent, delivered, read or failed.")
    attempts: int
    next_try_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    error_code: str | None
    error_message: str | None

    @classmethod
    def of(cls, delivery: NotificationDelivery) -> "DeliveryView":
        """Returns a row as the API shows it."""
        return cls.model_validate(delivery)


class Resolution(BaseModel):
    """What an operator has found out about a delivery in doubt."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["sent", "failed", "resend"] = Field(
        description="`resend` may tell the person twice."
    )


class NotificationView(BaseModel):
    """Something that the members of a company are told."""

    model_config = ConfigDict(title="Notification", from_attributes=True)

    id: UUID
    template_code: str
    context: dict[str, Any]
    scheduled_for: AwareDatetime
    status: str
    error_code: str | None
    error_message: str | None
    deliveries: list[DeliveryView] = []

    @classmethod
    def of(cls, found: tuple[ScheduledNotification, Any]) -> "NotificationView":
        """Returns a row and its deliveries as the API shows them."""
        row, deliveries = found
        values = {name: getattr(row, name) for name in cls.model_fields if name != "deliveries"}
        return cls(**values, deliveries=[DeliveryView.of(each) for each in deliveries])
