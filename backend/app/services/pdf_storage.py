"""Where the PDFs of F29 lie: in Postgres, or in a store outside of it (decision 26).

The row of a PDF says which store holds it, so that what was stored before the setting changed is
still read from where it is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.domain.f29 import F29Pdf
from app.errors import PdfDamaged, PdfElsewhere

POSTGRES, DIRECTORY, S3 = "postgres", "directory", "s3"


class PdfStore(Protocol):
    """A store outside of Postgres: bytes by key. All raise PdfStoreUnavailable (transient) and
    PdfStoreRefused (permanent)."""

    def put(self, key: str, content: bytes) -> None:
        """Returns once `content` is kept under `key`, whole, whatever dies afterwards."""

    def get(self, key: str) -> bytes:
        """Returns what is kept under `key`. Raises PdfDamaged where there is nothing."""

    def delete_folder(self, folder: str) -> int:
        """Deletes whatever is kept below `folder`, and returns how many files that were."""


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
        return checked(self._store(place.store).get(place.key), place.sha256)

    def delete_company(self, company_id: UUID, stores: Iterable[str]) -> int:
        """Deletes all PDFs of a company outside of Postgres, those that no row names as well.

        `stores` are the names that its rows have. Returns how many files went. Raises PdfElsewhere,
        PdfStoreUnavailable, PdfStoreRefused; the same call goes on afterwards.
        """
        for name in stores:
            self._store(name)
        return sum(each.delete_folder(str(company_id)) for each in self.outside.values())

    def _store(self, name: str) -> PdfStore:
        store = self.outside.get(name)
        if store is None:
            raise PdfElsewhere(
                f"The PDF lies in the store {name}, whose settings are gone;"
                " set them again, whatever PDF_STORE is (docs/operations.md)."
            )
        return store


def checked(content: bytes, sha256: str) -> bytes:
    """Returns `content`. Raises PdfDamaged unless its SHA-256 is `sha256`."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PdfDamaged("The stored PDF is not the one that SII gave: its SHA-256 differs.")
    return content


IN_POSTGRES = PdfStores()
