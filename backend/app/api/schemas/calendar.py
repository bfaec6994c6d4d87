"""The tax calendar over the wire. Days are days in Chile, times are UTC."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.domain.obligations import OBLIGATIONS
from app.infrastructure.db.models import CalendarEvent, CompanyTaxInfo
from app.services.holidays import Holiday
from app.services.obligations import CompanyObligation

EventStatus = Literal["pending", "in_progress", "overdue", "completed", "cancelled"]
Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]


class EventView(BaseModel):
    """One due date of one period."""

    model_config = ConfigDict(
        title="Event",
        json_schema_extra={
            "examples": [
                {
                    "id": "7a4e7f0e-43f5-4f0b-8a55-5b7f8f7f5e01",
                    "code": "f29",
                    "name": OBLIGATIONS["f29"].name,
                    "authority": OBLIGATIONS["f29"].authority,
                    "period_start": "2026-11-01",
                    "period_end": "2026-11-30",
                    "installment": 1,
                    "nominal_due_date": "2026-12-12",
                    "due_date": "2026-12-14",
                    "status": "in_progress",
                    "updated_at": "2026-11-25T06:00:03Z",
                }
            ]
        },
    )

    id: UUID
    code: str = Field(description="The obligation, e.g. `f29`.")
    name: str = Field(description="In Spanish.")
    authority: str
    period_start: date
    period_end: date
    installment: int = Field(description="1 unless the period is paid in several.")
    nominal_due_date: date = Field(description="As the law names it.")
    due_date: date = Field(
        description="The day that counts: moved to a business day if the law so."
    )
    status: EventStatus = Field(description="`in_progress` is the next one of its obligation.")
    updated_at: AwareDatetime

    @classmethod
    def of(cls, event: CalendarEvent) -> "EventView":
        """Returns a row as the API shows it."""
        obligation = OBLIGATIONS.get(event.template_code)
        return cls(
            code=event.template_code,
            name=obligation.name if obligation else event.template_code,
            authority=obligation.authority if obligation else "",
            **{
                name: getattr(event, name)
                for name in cls.model_fields
                if name not in ("code", "name", "authority")
            },
        )


class EventChange(BaseModel):
    """What became of an event."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "completed"}]}
    )

    status: Literal["completed", "cancelled", "pending"] = Field(
        description="`pending` opens it again; what it is then follows from the day."
    )


class ObligationView(BaseModel):
    """An obligation as a company has it."""

    model_config = ConfigDict(title="Obligation")

    code: str
    name: str = Field(description="In Spanish.")
    authority: str
    category: Literal["tax", "affidavit", "labour", "municipal"]
    is_mandatory: bool = Field(description="Whether it applies to every company.")
    applies: bool | None = Field(description="By the company's tax-info; null where unknown.")
    is_active: bool = Field(description="Whether its due dates are in the calendar.")
    source: str = Field(description="The law or page that the rule comes from.")
    source_year: int = Field(description="The year for which the rule was last looked at.")
    unsure: str = Field(description="What could not be checked; empty where nothing is in doubt.")

    @classmethod
    def of(cls, found: CompanyObligation) -> "ObligationView":
        """Returns an obligation as the API shows it."""
        known = {
            name: getattr(found.obligation, name)
            for name in cls.model_fields
            if name not in ("applies", "is_active")
        }
        return cls(applies=found.applies, is_active=found.is_active, **known)


class ObligationSwitch(BaseModel):
    """Whether the company follows it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": True}]})

    is_active: bool


class TaxInfo(BaseModel):
    """The facts that decide what a company has to declare. null is unknown."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"f29_due_day": 20, "has_employees": True}]},
    )

    regime: Text | None = None
    activity_code: Annotated[str, Field(pattern=r"^[0-9]{1,6}$")] | None = Field(
        default=None, description="SII's code, six digits."
    )
    activity_name: Text | None = None
    started_on: date | None = Field(default=None, description="The start of activities.")
    f29_due_day: Literal[12, 20] = Field(
        default=12, description="20 for electronic invoicers who pay by Internet."
    )
    has_employees: bool | None = Field(default=None, description="Brings Previred and DJ 1887.")
    pays_fees: bool | None = Field(default=None, description="Honorarios: brings DJ 1879.")
    pays_additional_tax: bool | None = Field(default=None, description="Brings F50.")
    owns_real_estate: bool | None = Field(default=None, description="Brings contribuciones.")


_TAX_INFO: dict[str, Any] = {
    "regime": None,
    "activity_code": None,
    "activity_name": "VENTA AL POR MENOR",
    "started_on": "2023-01-01",
    "f29_due_day": 20,
    "has_employees": True,
    "pays_fees": None,
    "pays_additional_tax": None,
    "owns_real_estate": None,
    "read_at": "2026-11-25T14:06:12Z",
}


class TaxInfoView(TaxInfo):
    """The facts as they are known now."""

    model_config = ConfigDict(title="TaxInfo", json_schema_extra={"examples": [_TAX_INFO]})

    read_at: AwareDatetime | None = Field(description="When SII's home page was last read.")

    @classmethod
    def of(cls, row: CompanyTaxInfo) -> "TaxInfoView":
        """Returns a row as the API shows it."""
        # Not validated: what the portal says need not look like what a user may say.
        return cls.model_construct(**{name: getattr(row, name) for name in cls.model_fields})


class HolidayName(BaseModel):
    """A day that is no business day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Elecciones municipales"}]}
    )

    name: Text


class HolidayView(BaseModel):
    """A holiday."""

    model_config = ConfigDict(title="Holiday", from_attributes=True)

    day: date
    name: str
    is_national: bool = Field(description="National ones are known; the others somebody has set.")

    @classmethod
    def of(cls, holiday: Holiday) -> "HolidayView":
        """Returns a holiday as the API shows it."""
        return cls.model_validate(holiday)


class FeedLink(BaseModel):
    """Where a phone finds a company's calendar."""

    path: str = Field(
        description="Put the API's public address before it. It is shown this once, and whoever has"
        " it can read the calendar.",
        examples=["/v1/companies/5f0c3a52-7f5e-4c1c-9a39-1f1f6f6a4c11/calendar.ics?token=..."],
    )
