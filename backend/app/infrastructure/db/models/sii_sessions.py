"""Sessions at SII."""

from datetime import datetime

from sqlalchemy import String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.db.models.base import Base


class SiiSession(Base):
    """The one session that a login RUT has open at SII, and when its next login may be."""

    __tablename__ = "sii_sessions"

    login_rut: Mapped[str] = mapped_column(String(12), primary_key=True)
    # Each run that goes to SII takes the next number; one with an older number has lost its turn.
    number: Mapped[int] = mapped_column(server_default=text("0"))
    secret: Mapped[str | None] = mapped_column(Text)  # its cookies, encrypted; None: none is open
    fresh_until: Mapped[datetime | None]  # later it is closed instead of used again
    try_again_at: Mapped[datetime | None]  # SII has no room for another session before that
