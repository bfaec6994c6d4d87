"""What a run's row says of its error: a code, a kind and one line, never what was stored."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.infrastructure.celery.ledger import described_error
from app.infrastructure.db.session import get_engine

INSERT = "INSERT INTO users (id, email, full_name) VALUES (gen_random_uuid(), :email, NULL)"


def test_a_database_error_shows_neither_its_row_nor_its_statement(database_url: str) -> None:
    with pytest.raises(IntegrityError) as raised, get_engine().begin() as connection:
        connection.execute(text(INSERT), {"email": "somebody@example.test"})
    columns = described_error(raised.value)
    assert isinstance(raised.value.orig, psycopg.Error)
    assert "somebody" in str(raised.value.orig.diag.message_detail)  # Postgres did quote the row
    assert "somebody" not in str(raised.value)  # and the engine took it out
    assert columns["error_code"] == "integrity_error"
    assert "not-null constraint" in columns["error_message"]
    assert "somebody" not in columns["error_message"]
    assert "INSERT" not in columns["error_message"]
