"""Documents over the wire."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.api.schemas.fields import Pesos
from app.domain.documents import AccountingState, Direction
from app.infrastructure.db.models import TaxDocument


class DocumentView(BaseModel):
    """One document of the purchase or sales register (RCV). All times are UTC."""

    model_config = ConfigDict(
        title="Document",
        json_schema_extra={
            "examples": [
                {
                    "id": 4711,
                    "direction": "purchase",
                    "doc_type": 33,
                    "folio": 90211,
                    "counterpart_rut": "78900123-0",
                    "counterpart_name": "Molinos del Sur Ltda.",
                    "issue_date": "2026-11-05",
                    "reception_at": "2026-11-05T15:21:07Z",
                    "acknowledged_at": None,
                    "claimed_at": None,
                    "period": "2026-11",
                    "accounting_state": "REGISTRO",
                    "exempt": 0,
                    "net": 100000,
                    "vat": 19000,
                    "vat_non_recoverable": 0,
                    "total": 119000,
                    "synced_at": "2026-11-23T14:06:20Z",
                    "vanished_at": None,
                }
            ]
        },
    )

    id: int
    direction: Direction
    doc_type: int = Field(
        description="SII's code: 33 invoice, 34 exempt, 56 debit, 61 credit note."
    )
    folio: int
    counterpart_rut: str | None = Field(
        description="Supplier or customer; null where SII has none."
    )
    counterpart_name: str
    issue_date: date = Field(description="The day on the document, in Chile.")
    reception_at: AwareDatetime | None = Field(description="When SII received it.")
    acknowledged_at: AwareDatetime | None
    claimed_at: AwareDatetime | None
    period: str = Field(description="The register's month.")
    accounting_state: AccountingState = Field(description="SII's word; sales are REGISTRO.")
    exempt: Pesos
    net: Pesos
    vat: Pesos
    vat_non_recoverable: Pesos
    total: Pesos = Field(
        description="Pesos as SII lists them: credit notes are positive here and subtract in sums."
    )
    synced_at: AwareDatetime = Field(description="When this row last changed here.")
    vanished_at: AwareDatetime | None = Field(
        description="Since when SII shows it in no register any more; null while it does."
    )

    @classmethod
    def of(cls, document: TaxDocument) -> "DocumentView":
        """Returns a row as the API shows it."""
        columns = {name: getattr(document, name) for name in cls.model_fields}
        return cls(**columns | {"counterpart_rut": document.counterpart_rut or None})
