"""A database with seeds, and PDFs of both companies in a directory."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.session import get_session_factory
from app.infrastructure.pdf_store_directory import DirectoryStore
from app.services.notification_seeds import seed_notification_templates
from app.services.obligations import seed_event_templates
from app.services.pdf_storage import PdfStores
from tests.unit.keeping.planting import ANA, LUZ


@pytest.fixture
def sessions(database_url: str) -> sessionmaker[Session]:
    sessions = get_session_factory()
    with sessions.begin() as session:
        seed_event_templates(session)
        seed_notification_templates(session)
    return sessions


@pytest.fixture
def pdfs(tmp_path: Path) -> PdfStores:
    store = DirectoryStore(tmp_path)
    for who in (ANA, LUZ):
        store.put(f"{who.company_id}/1-a.pdf", b"%PDF-")
        store.put(f"{who.company_id}/2-of-no-row.pdf", b"%PDF-")
    return PdfStores(outside={"directory": store})
