"""Totals of documents over the wire."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fees import FeeTotalsView
from app.api.schemas.fields import Pesos
from app.domain.documents import AccountingState, Direction
from app.services.document_totals import RegisterTotals
from app.services.fees import FeeTotals

FROM_DOMAIN = ConfigDict(from_attributes=True)


def _example(count: int, net: int) -> dict[str, int]:
    vat = net * 19 // 100
    return {"count": count, "exempt": 0, "net": net, "vat": vat, "total": net + vat}


EXAMPLE: dict[str, Any] = {
    "period": "2026-11",
    "registers": [
        {
            "direction": "sale",
            "accounting_state": "REGISTRO",
            "read_at": "2026-11-23T14:06:20Z",
            "types": [
                {
                    "doc_type": 33,
                    "subtracts": False,
                    "documents": _example(3, 300_000),
                    "summary": _example(3, 300_000),
                    "difference": _example(0, 0),
                },
                {
                    "doc_type": 61,
                    "subtracts": True,
                    "documents": _example(1, 100_000),
                    "summary": _example(2, 150_000),
                    "difference": {
                        "count": -1, "exempt": 0, "net": -50_000, "vat": -9_500, "total": -59_500,
                    },
                },
            ],
            "sum": {
                "documents": _example(4, 200_000),
                "summary": _example(5, 150_000),
                "difference": {
                    "count": -1, "exempt": 0, "net": 50_000, "vat": 9_500, "total": 59_500,
                },
            },
        }
    ],
    "fees": {
        "read_at": "2026-11-23T14:06:21Z",
        "count": 2,
        "gross": 800_000,
        "withheld": 122_000,
        "net": 678_000,
    },
}  # fmt: skip


class TotalsView(BaseModel):
    """How many documents, and their amounts."""

    model_config = FROM_DOMAIN | ConfigDict(title="Totals")

    count: int
    exempt: Pesos
    net: Pesos
    vat: Pesos
    total: Pesos


class TypeTotalsView(BaseModel):
    """One type of document: ours beside SII's summary. Amounts as SII lists them."""

    model_config = FROM_DOMAIN | ConfigDict(title="TypeTotals")

    doc_type: int = Field(description="SII's code: 33 invoice, 39 boletas, 61 credit note.")
    subtracts: bool = Field(description="Whether it is a credit note, which subtracts in sums.")
    documents: TotalsView
    summary: TotalsView | None = Field(description="SII's own; null before the first sync.")
    difference: TotalsView | None = Field(
        description="`documents` less `summary`; null where SII counts what it does not list."
    )


class TotalsSumView(BaseModel):
    """All types together; credit notes count as documents, and their amounts subtract."""

    model_config = FROM_DOMAIN | ConfigDict(title="TotalsSum")

    documents: TotalsView
    summary: TotalsView | None
    difference: TotalsView | None = Field(description="Over the types that have one.")


class RegisterTotalsView(BaseModel):
    """One register in one accounting state."""

    model_config = FROM_DOMAIN | ConfigDict(title="RegisterTotals")

    direction: Direction
    accounting_state: AccountingState
    read_at: AwareDatetime | None = Field(
        description="When SII's register was last read completely; null before the first sync."
    )
    types: list[TypeTotalsView]
    sum: TotalsSumView


class DocumentTotalsView(BaseModel):
    """What a company's documents of one period come to, and how SII's summary differs."""

    model_config = ConfigDict(title="DocumentTotals", json_schema_extra={"examples": [EXAMPLE]})

    period: str
    registers: list[RegisterTotalsView]
    fees: FeeTotalsView

    @classmethod
    def of(cls, period: str, found: list[RegisterTotals], fees: FeeTotals) -> "DocumentTotalsView":
        """Returns what services found as the API shows it."""
        views = [RegisterTotalsView.model_validate(one) for one in found]
        return cls(period=period, registers=views, fees=FeeTotalsView.model_validate(fees))
