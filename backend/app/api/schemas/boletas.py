"""Boletas per day over the wire."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fields import Pesos


class DailyBoletasView(BaseModel):
    """What SII counts of one type of boletas on one day; it lists none of them."""

    model_config = ConfigDict(
        title="DailyBoletas",
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "day": "2026-11-05",
                    "period": "2026-11",
                    "doc_type": 39,
                    "count": 84,
                    "exempt": 0,
                    "net": 400000,
                    "vat": 76000,
                    "total": 476000,
                    "synced_at": "2026-11-23T14:06:20Z",
                }
            ]
        },
    )

    day: date = Field(description="The day in Chile.")
    period: str = Field(description="The day's month.")
    doc_type: int = Field(description="SII's code: 39 electronic boletas, 48 payment vouchers.")
    count: int = Field(description="How many boletas.")
    exempt: Pesos
    net: Pesos
    vat: Pesos
    total: Pesos
    synced_at: AwareDatetime = Field(description="When this row last changed here.")
