"""Where the PDFs of F29 lie: in Postgres, or in a store outside of it (decision 26).

The row of a PDF says which store holds it, so that what was stored before the setting changed is
still read from where it is.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.domain.f29 import F29Pdf
from app.errors import PdfDamaged, PdfElsewhere

POSTGRES, DIRECTORY, S3 = "postgres", "directory", "s3"


class PdfStore(Protocol):
    """A store outside of Postgres: bytes by key. Both raise PdfStoreUnavailable (transient) and
    PdfStoreRefused (permanent)."""

    def put(self, key: str, content: bytes) -> None:
        """Returns once `content` is kept under `key`, whole, whatever dies afterwards."""

    def get(self, key: str) -> bytes:
        """Returns what is kept under `key`. Raises PdfDamaged where there is nothing."""


@dataclass(frozen=True)
class Place:
    """Which store holds a PDF, under which key, and its SHA-256 as Postgres knows it."""

    store: str
    key: str
    sha256: str


@dataclass(frozen=True)
class PdfStores:
    """The store that new PDFs go to, and the outside ones that can be read, by name."""

    chosen: str = POSTGRES
    outside: Mapping[str, PdfStore] = field(default_factory=dict)

    def put(self, company_id: UUID, folio: int, pdf: F29Pdf) -> Place | None:
        """Keeps a PDF outside, and returns where; None where its row is to hold it.

        The digest is part of the key: an attempt that was taken over never writes over what its
        successor has committed. Raises PdfStoreUnavailable, PdfStoreRefused.
        """
        if self.chosen == POSTGRES:
            return None
        place = Place(self.chosen, f"{company_id}/{folio}-{pdf.sha256}.pdf", pdf.sha256)
        self.outside[place.store].put(place.key, pdf.content)
        return place

    def get(self, place: Place) -> bytes:
        """Returns the PDF at `place`, proven to be the one that was stored.

        Raises PdfElsewhere, PdfDamaged, PdfStoreUnavailable, PdfStoreRefused.
        """
        store = self.outside.get(place.store)
        if store is None:
            raise PdfElsewhere(
                f"The PDF lies in the store {place.store}, whose settings are gone;"
                " set them again, whatever PDF_STORE is (docs/operations.md)."
            )
        return checked(store.get(place.key), place.sha256)


def checked(content: bytes, sha256: str) -> bytes:
    """Returns `content`. Raises PdfDamaged unless its SHA-256 is `sha256`."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PdfDamaged("The stored PDF is not the one that SII gave: its SHA-256 differs.")
    return content


IN_POSTGRES = PdfStores()
