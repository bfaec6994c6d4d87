"""Every alert fires when it should, is quiet when it should, and says what to do."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.monitoring.rules import RULES, TESTS, alerts, loaded, promtool, rules, runbook
from tests.unit.metrics.test_page import described

ALERTS = alerts()
every_alert = pytest.mark.parametrize("name", ALERTS)


def test_the_rules_are_sound() -> None:
    assert len(ALERTS) >= 15
    promtool("check", "rules", *RULES)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_as_their_tests_say(path: Path) -> None:
    promtool("test", "rules", path)


def expectations(name: str) -> list[list[Any]]:
    """Returns what each test of an alert expects: the alerts of that moment, or none."""
    return [
        expected["exp_alerts"]
        for path in TESTS
        for test in loaded(path)["tests"]
        for expected in test.get("alert_rule_test", ())
        if expected["alertname"] == name
    ]


@every_alert
def test_an_alert_has_a_test_that_fires_it_and_one_that_does_not(name: str) -> None:
    assert {bool(expected) for expected in expectations(name)} == {True, False}


@every_alert
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in {"critical", "warning"}
    said = alert["annotations"]
    assert said.keys() == {"summary", "description", "runbook_url"}
    page, anchor = said["runbook_url"].split("#")
    assert (ROOT / page).samefile(ROOT / "docs" / "operations.md")
    assert anchor == name.lower()
    paragraph = re.sub(r"\s+", " ", runbook(anchor))
    assert re.search(r"\w.*\*\*look\*\*.*\*\*do\*\* ", paragraph, re.I), "means, look, do"


def test_no_paragraph_is_left_of_an_alert_that_is_gone() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^### (Fiscal\w+)$", page, re.M)) == ALERTS.keys()


def test_the_rules_name_only_figures_that_the_role_exports_and_that_are_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    exported = set(described())
    for name in ("fiscal_run_wait_seconds", "fiscal_run_duration_seconds"):
        exported |= {f"{name}_{part}" for part in ("bucket", "count", "sum")}
    for rule in rules():
        named = set(re.findall(r"\b(?:\w+:)?fiscal[_:]\w+(?::\w+)*", rule["expr"]))
        assert named <= recorded | exported, rule
