"""Monthly tax returns (F29) over the wire."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fields import Pesos
from app.domain.f29 import F29Status
from app.infrastructure.db.models import F29Form

Year = Annotated[int, Field(ge=2005, le=2100, description="Year of the periods.", examples=[2026])]


class NewF29Sync(BaseModel):
    """Which returns to sync."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}, {"year": 2026}]})

    year: Year | None = Field(
        default=None,
        description="Year of the periods; where null that of last month, which is declared now.",
    )


class F29View(BaseModel):
    """One monthly tax return (F29). All times are UTC."""

    model_config = ConfigDict(
        title="F29",
        json_schema_extra={
            "examples": [
                {
                    "folio": 8123456789,
                    "period": "2026-10",
                    "status": "Vigente",
                    "status_raw": "Vigente",
                    "submitted_on": "2026-11-12",
                    "amount": None,
                    "codes": {"537": 4000000, "538": 5200000, "89": 1200000},
                    "code_faults": [],
                    "pdf_status": "downloaded",
                    "pdf_sha256": "9f86d081884c7d65" * 4,
                    "pdf_attempts": 1,
                    "pdf_next_try_at": None,
                    "pdf_error": None,
                    "synced_at": "2026-11-23T14:06:20Z",
                }
            ]
        },
    )

    folio: int
    period: str = Field(description="The month that is declared.")
    status: F29Status = Field(description="`Desconocido` where SII's word is not known.")
    status_raw: str = Field(description="SII's own word.")
    submitted_on: date = Field(description="The day it was handed in, in Chile.")
    amount: Pesos | None = Field(description="Null where SII's list shows none.")
    codes: dict[str, int] | None = Field(
        description="The form's codes in pesos or counts; null before its PDF was read."
    )
    code_faults: list[str] = Field(description="Where the form's own codes do not add up.")
    pdf_status: Literal["pending", "downloaded", "error", "unavailable"]
    pdf_sha256: str | None
    pdf_attempts: int
    pdf_next_try_at: AwareDatetime | None
    pdf_error: str | None
    synced_at: AwareDatetime = Field(description="When this row last changed here.")

    @classmethod
    def of(cls, form: F29Form) -> "F29View":
        """Returns a row as the API shows it."""
        columns = {name: getattr(form, name) for name in cls.model_fields if name != "period"}
        return cls(**columns, period=f"{form.year:04d}-{form.month:02d}")
