"""Nothing that nobody should read stands in a log: looked for after the tests, in what their real
workers, beats and APIs have written. As a plugin of pytest: `-p tests.log_scan`."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

YEAR = 2026  # whose honorarios the tests read
SHOWN = 20  # findings
SECRETS = {
    # Of any seed of the simulator's, and those that the tests invent.
    "clave": r"\bSim\d{5}\b|\b(?:Invent4da|MuySecreta-7319|S3cretaInventada)\b",
    "cookie": r"\b(?:TOKEN|CSESSIONID|RUT_NS|DV_NS|NETSCAPE_LIVEWIRE\.\w+)=\w|\b[0-9A-F]{32}\b"
    r"|(?i:\bcookie\b\W{1,4}\w+=)",
    "token": r"(?i:\bbearer )[\w.~+/-]{6}|[?&]token=\w|\bEAA\w{20}",
    "key": r"\b[\w-]{43}=(?!\w)|\bgAAAAA[\w-]{20}|(?i:x-api-key)\W+\w|\bdemo-[\w-]{16}",
    "password": r"(?i:\bbasic )[A-Za-z0-9+/]{8,}=*|://[^\s/:@]*:(?!\*+@)[^\s/@]+@",
}
_SECRETS = {kind: re.compile(pattern) for kind, pattern in SECRETS.items()}
_RUT = re.compile(r"(?<![\w-])(\d{2}\.?\d{3}\.?\d{3})-?[\dkK](?![\w-])")


def findings(log: str) -> Iterator[str]:
    """Yields one sentence for each line of a log that tells what nobody should read."""
    for number, line in enumerate(log.splitlines(), 1):
        text = _decoded(line)
        for kind in _kinds(text):
            yield f"line {number} holds a {kind}: {text[:300]}"


def _decoded(line: str) -> str:
    """Returns a JSON line with its accents as themselves, any other line as it is."""
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return line


def _kinds(text: str) -> Iterator[str]:
    yield from (kind for kind, pattern in _SECRETS.items() if pattern.search(text))
    if any(found[1].replace(".", "") in _persons() for found in _RUT.finditer(text)):
        yield "person's RUT"
    if _bodies().search(text):
        yield "message body"


@cache
def _persons() -> frozenset[str]:
    """The bodies of the RUTs of those who log in for others, and who bill for services."""
    # Here and below: each start of pytest would pay for these imports.
    from simulator.settings import Settings
    from simulator.truth.companies import newcomers_accounts, seeded_accounts, seeded_companies
    from simulator.truth.fees import fees_of
    from simulator.truth.periods import Period

    seed = Settings().seed
    accounts = seeded_accounts(seed) | newcomers_accounts(seed)
    people = {rut for rut, account in accounts.items() if account.is_person}
    people |= {
        fee.issuer_rut
        for company in seeded_companies(seed)
        for month in range(1, 13)
        for fee in fees_of(seed, company, Period(YEAR, month))
    }
    return frozenset(rut.digits for rut in people)


@cache
def _bodies() -> re.Pattern[str]:
    """What a template's body says, whoever it is filled in for."""
    from app.services.notification_seeds import all_templates

    parts = {
        part.strip()
        for template in all_templates()
        for part in re.split(r"\{\{.*?\}\}|\n", str(template["body"]))
    }
    return re.compile("|".join(re.escape(part) for part in sorted(parts) if len(part) >= 20))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run where a log of its temporary folders tells too much; once, of all processes."""
    factory: Any = getattr(session.config, "_tmp_path_factory", None)
    if factory is None or hasattr(session.config, "workerinput"):
        return  # one of xdist's own processes, whose folders lie below those of the first
    logs: list[Path] = sorted(factory.getbasetemp().rglob("*.log"))
    found = [
        f"{path.relative_to(factory.getbasetemp())}: {finding}"
        for path in logs
        for finding in findings(path.read_text(errors="replace"))
    ]
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if found and reporter:
        reporter.section("what no log may tell")
        for finding in found[:SHOWN]:
            reporter.write_line(finding)
        reporter.write_line(f"{len(found)} lines of {len(logs)} logs")
    if found:
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
