"""Boletas de honorarios over the wire."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fields import Pesos
from app.domain.fees import FeeStatus


class FeeView(BaseModel):
    """One boleta de honorarios that the company received. All times are UTC."""

    model_config = ConfigDict(
        title="Fee",
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 815,
                    "issuer_rut": "78900123-6",
                    "issuer_name": "Rosa Inventada Soto",
                    "folio": 214,
                    "issue_date": "2026-11-05",
                    "period": "2026-11",
                    "status": "Vigente",
                    "status_raw": "N",
                    "annulled_on": None,
                    "gross": 400000,
                    "withheld": 61000,
                    "net": 339000,
                    "synced_at": "2026-11-23T14:06:20Z",
                    "vanished_at": None,
                }
            ]
        },
    )

    id: int
    issuer_rut: str
    issuer_name: str
    folio: int = Field(description="Numbered by its issuer.")
    issue_date: date = Field(description="The day on the boleta, in Chile.")
    period: str = Field(description="The month of SII's report.")
    status: FeeStatus = Field(description="Only `Vigente` counts in totals.")
    status_raw: str = Field(description="SII's own mark.")
    annulled_on: date | None
    gross: Pesos
    withheld: Pesos = Field(description="What the company withholds and owes to the treasury.")
    net: Pesos
    synced_at: AwareDatetime = Field(description="When this row last changed here.")
    vanished_at: AwareDatetime | None = Field(
        description="Since when SII's report does not show it any more; null while it does."
    )


class FeeTotalsView(BaseModel):
    """What the boletas de honorarios that count come to."""

    model_config = ConfigDict(title="FeeTotals", from_attributes=True)

    read_at: AwareDatetime | None = Field(
        description="When SII's report was last read completely; null before the first sync."
    )
    count: int
    gross: Pesos
    withheld: Pesos = Field(description="What belongs into code 151 of the F29.")
    net: Pesos
