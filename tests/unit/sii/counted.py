"""How many answers of the portal stand in Postgres."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import PortalAnswer


def counted(sessions: sessionmaker[Session]) -> dict[tuple[str, str], int]:
    """Returns the answers by page and kind."""
    row = PortalAnswer
    statement = select(row.page, row.kind, func.sum(row.answers)).group_by(row.page, row.kind)
    with sessions() as session:
        return {(page, kind): int(number) for page, kind, number in session.execute(statement)}
