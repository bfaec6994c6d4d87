"""Without a collector nothing that traces is loaded; one that does not answer holds nobody up."""

import os
import subprocess
import sys

import pytest

from app import tracing
from app.errors import ConfigurationError
from app.settings import get_settings
from tests.conftest import ROOT

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
LOADED = """
import sys, time
import app.main, app.infrastructure.celery.application
from app import tracing
tracing.set_up("fiscal-test")
with tracing.span("something"):
    pass
began = time.monotonic()
tracing.flush()
assert time.monotonic() - began < 3
print(*(name in sys.modules for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter")))
"""


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, True),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
    ],
    ids=["unset", "empty", "named", "for traces", "disabled", "not disabled", "no exporter"],
)
def test_traces_are_on_where_a_collector_is_named(
    environment: dict[str, str], on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    assert tracing.is_on() is on
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_collector_without_a_scheme_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT is malformed: "):
        get_settings()
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("environment", "loaded"), [({}, "False False"), (ENDPOINT, "True True")], ids=["off", "on"]
)
def test_only_then_is_what_traces_loaded(environment: dict[str, str], loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "backend")} | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout.strip()) == (0, loaded), done.stderr
