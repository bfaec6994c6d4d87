"""A company's documents of one month, as stored and as the portal has them."""

from typing import Any

from tests.bundle import Bundle

FIELDS = (
    "direction", "doc_type", "folio", "counterpart_rut", "issue_date", "accounting_state",
    "exempt", "net", "vat", "total",
)  # fmt: skip


def stored(bundle: Bundle, company_id: str, period: str) -> list[tuple[Any, ...]]:
    """Returns what Postgres holds of a company's period, such as 2026-11."""
    rows = bundle.query(
        f"SELECT {', '.join(FIELDS)} FROM tax_documents"
        f" WHERE company_id = '{company_id}' AND period = '{period}'"
    )
    return sorted(tuple(row[name] for name in FIELDS) for row in rows)


def truth(bundle: Bundle, rut: str, period: str) -> list[tuple[Any, ...]]:
    """Returns what the portal holds of it, in the same form."""
    answer = bundle.simulator.get(f"truth/{rut}", params={"period": period.replace("-", "")}).json()
    return sorted(tuple(row[name] for name in FIELDS) for row in answer["documents"])
