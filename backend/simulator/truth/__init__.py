"""The one deterministic truth that every answer of the simulator comes from."""

from simulator.truth.boletas import DailyBoletas
from simulator.truth.book import Book, Summary
from simulator.truth.companies import Account, Company, seeded_accounts, seeded_companies
from simulator.truth.documents import Document, documents_of
from simulator.truth.fees import Fee
from simulator.truth.periods import Period

__all__ = [
    "Account",
    "Book",
    "Company",
    "DailyBoletas",
    "Document",
    "Fee",
    "Period",
    "Summary",
    "documents_of",
    "seeded_accounts",
    "seeded_companies",
]
