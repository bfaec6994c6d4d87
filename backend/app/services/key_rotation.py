"""Moves what is encrypted at rest to the newest key, while everything goes on working."""

from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.errors import ConfigurationError
from app.infrastructure.db.models import SiiCredential

PAGE = 500


class Renews(Protocol):
    """Encrypts again with the newest key."""

    def renew(self, text: str) -> str:
        """Returns the secret under the newest key; `text` itself where it is already."""


def reencrypt_credentials(sessions: sessionmaker[Session], cipher: Renews) -> tuple[int, int]:
    """Encrypts every stored clave with the newest key; each page is its own commit.

    Returns how many claves were encrypted again, and how many there are. What an earlier call has
    done is left as it is. Raises ConfigurationError where no key decrypts one; the pages before
    it are stored.
    """
    renewed = total = 0
    after: UUID | None = None
    while True:
        with sessions.begin() as session:
            page = _page(session, after)
            renewed += sum(_renew(credential, cipher) for credential in page)
            total += len(page)
            after = page[-1].company_id if page else after
        if len(page) < PAGE:
            return renewed, total


def _page(session: Session, after: UUID | None) -> list[SiiCredential]:
    """Returns the next credentials, locked: a user who changes one meanwhile waits, and wins."""
    statement = select(SiiCredential).order_by(SiiCredential.company_id).limit(PAGE)
    if after is not None:
        statement = statement.where(SiiCredential.company_id > after)
    return list(session.scalars(statement.with_for_update()))


def _renew(credential: SiiCredential, cipher: Renews) -> bool:
    try:
        renewed = cipher.renew(credential.secret)
    except ConfigurationError:
        raise ConfigurationError(
            f"No key in SECRET_KEYS decrypts the clave of company {credential.company_id}; put the"
            " key that encrypted it back into the list, or let the user enter the clave again."
        ) from None
    is_new = renewed != credential.secret
    credential.secret = renewed
    return is_new
