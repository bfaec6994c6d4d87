"""What stands in Postgres after a sync is what the portal holds, to the peso."""

from typing import Any

import pytest

from tests.integration.stack import Stack
from tests.log_scan import findings
from tests.scenarios.documents import stored, truth

MONTHS = 2


@pytest.fixture(scope="module")
def companies(two: Stack) -> dict[str, dict[str, Any]]:
    return two.seed_companies()


def test_the_documents_of_every_company_equal_the_portals(
    two: Stack, companies: dict[str, dict[str, Any]]
) -> None:
    usable = [company for company in companies.values() if company["kind"] != "G"]
    runs = two.wait_for_runs(
        [two.start_sync(company["id"], MONTHS) for company in usable], timeout=400
    )
    assert {run["state"] for run in runs} == {"succeeded"}, [run["error_message"] for run in runs]
    for company in usable:
        for period in two.query(
            f"SELECT DISTINCT period FROM sync_checkpoints JOIN runs ON runs.id = run_id"
            f" WHERE company_id = '{company['id']}'"
        ):
            assert stored(two, company["id"], period["period"]) == truth(
                two, company["rut"], period["period"]
            )
    state = two.simulator.get("state").json()
    assert state["open_sessions"] in ([], {}, 0)
    assert state["writes_attempted"] == 0
    assert state["violations"] == []


def test_a_wrong_clave_is_tried_exactly_once(
    two: Stack, companies: dict[str, dict[str, Any]]
) -> None:
    refused = next(company for company in companies.values() if company["kind"] == "G")
    for months in (1, 2):  # the second run must not even open the login page
        (run,) = two.wait_for_runs([two.start_sync(refused["id"], months)])
        assert (run["state"], run["error_kind"]) == ("failed", "permanent")
    tries = two.simulator.get("state").json()["login_attempts"][refused["login_rut"]]
    assert len(tries) == 1


def test_no_clave_is_in_any_log_or_row(two: Stack, companies: dict[str, dict[str, Any]]) -> None:
    ask = ("compose", "--profile", "*", "logs", "--no-color")
    assert list(findings(two.docker(*ask, "--no-log-prefix", "api", "beat", "fast", "slow"))) == []
    logs = two.docker(*ask)
    dump = two.execute("postgres", "pg_dump", "-U", "fiscal", "-d", "fiscal", "--data-only")
    for company in companies.values():
        assert company["clave"] not in logs
        assert company["clave"] not in dump
