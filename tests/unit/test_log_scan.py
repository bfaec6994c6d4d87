"""The search for what no log may tell finds it, and lets everything else be."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simulator.settings import Settings
from simulator.truth.companies import seeded_companies
from tests.conftest import ROOT
from tests.log_scan import findings

COMPANY, *_ = (one for one in seeded_companies(Settings().seed) if one.case == "represented")
PERSON = COMPANY.login_rut


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("clave", f"typed {COMPANY.clave} for it"),
        ("cookie", "Cookie: TOKEN=abc; path=/"),
        ("cookie", "session 9F86D081884C7D659A2FEAA0C55AD015 is open"),
        ("token", "Authorization: Bearer abcdef123"),
        ("token", "GET /v1/companies/1/calendar.ics?token=abc"),
        ("key", "SECRET_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ("key", "gAAAAABpKdummyFernetTokenOfTheTests"),
        ("key", "{'X-API-Key': 'a-key-for-tests'}"),
        ("password", "Authorization: Basic ZXZhOmFub3RoZXI="),
        ("password", "postgresql://fiscal:hidden@postgres:5432/fiscal"),
        ("person's RUT", f"who logs in is {PERSON.canonical}"),
        ("person's RUT", f"who logs in is {PERSON.digits}{PERSON.dv}"),
        ("person's RUT", f"who logs in is {PERSON.verbose}"),
        ("message body", "Hola. Revisa la propuesta del SII, declara y paga en sii.cl. Si no"
         " tuviste movimiento, igual debes declarar."),
    ],
)  # fmt: skip
def test_each_kind_is_found_in_a_line_of_json_and_in_plain_text(kind: str, text: str) -> None:
    (found,) = findings(f"nothing here\n{json.dumps({'message': text, 'run': None})}\n")
    assert found.startswith(f"line 2 holds a {kind}: ")
    assert list(findings(text))


@pytest.mark.parametrize(
    "text",
    [
        "Connected to redis://:**@redis:6379/0",
        "postgresql://postgres:5432/fiscal",
        f"company {COMPANY.rut.canonical}, which anybody may know",
        "Task sii.sync_documents[7f1c3c0e-8a52-4f0e-9d5e-0d9a1c6f2b11] received",
        "request 0c94f1a5b8d94d1cbb0f6a3c0d9a8e77 by key",
        "SII refused the clave; set a new one",
    ],
)
def test_what_anybody_may_read_is_let_be(text: str) -> None:
    assert list(findings(json.dumps({"message": text}))) == []


def test_a_run_of_tests_whose_worker_logs_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(
        "def test_planted(tmp_path):\n"
        "    (tmp_path / 'slow-0.log').write_text('{\"message\": \"clave Sim12345\"}')\n"
    )
    # Its folders lie elsewhere: this run's own search would find them.
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "tests.log_scan", "-c", "/dev/null",
             f"--rootdir={tmp_path}", f"--basetemp={elsewhere}/base", str(tmp_path)],
            cwd=ROOT, env={"PYTHONPATH": f"{ROOT / 'backend'}:{ROOT}"},
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "slow-0.log: line 1 holds a clave" in done.stdout
