"""From nothing: a real worker logs in with Chromium, and the next steps do not wait for its end."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from rich.console import Console
from sqlalchemy import select

from app import bootstrap
from app.cli.demo.onboarding import onboard_newcomer
from app.cli.demo.simulator import Simulator as AdminSide
from app.infrastructure.db.models import CompanyTaxInfo, Onboarding, Run, TaxDocument
from app.infrastructure.db.session import get_session_factory
from app.services.onboarding_steps import STEPS
from app.settings import get_settings
from tests.simulator import Simulator
from tests.unit.celery.worker_process import (
    publishing_app,
    worker_environment,
    worker_processes,
)


@pytest.fixture
def worker(
    simulator: Simulator,
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """A worker of every queue; this process shares its keys."""
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("SECRET_KEYS", key)
    get_settings.cache_clear()
    bootstrap.cipher.cache_clear()
    publishing_app(redis_url)
    own = {"SECRET_KEYS": key, "SII_MIN_REQUEST_INTERVAL": "0.2"}
    environment = worker_environment(database_url, redis_url) | simulator.portal | own
    with worker_processes(environment, tmp_path) as start:
        start("all", "high,default,low")
        yield
    bootstrap.cipher.cache_clear()


def test_a_newcomer_is_onboarded_step_by_step(worker: None, simulator: Simulator) -> None:
    said = StringIO()
    onboard_newcomer(Console(file=said, width=160), AdminSide(f"{simulator.url}/zeusr"))
    with get_session_factory()() as session:
        onboarding = session.scalars(select(Onboarding)).one()
        runs = {
            run.id: run for run in session.scalars(select(Run).filter_by(root_id=onboarding.id))
        }
        documents = runs[STEPS[0].run_id(onboarding)]
        assert documents.state == "succeeded", said.getvalue()
        assert documents.finished_at is not None
        for step in STEPS[1:]:
            if step.needs_facts:  # and nothing else: it did not wait for the documents
                assert runs[step.run_id(onboarding)].queued_at < documents.finished_at
        info = session.scalars(select(CompanyTaxInfo)).one()
        assert (info.f29_due_day, info.activity_name) == (20, "ACTIVIDAD SIMULADA")
        assert set(info.raw) == {"contribuyente", "direcciones", "atributos", "alertas"}
        assert session.scalars(select(TaxDocument)).all()
    assert "succeeded" in said.getvalue()
    assert simulator.state()["open_sessions"] == {}
