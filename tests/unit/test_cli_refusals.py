"""What an operator types by mistake: one sentence, an exit code, and nothing changed."""

from collections.abc import Iterator

import pytest

from app.services.operators import LONGEST
from tests.conftest import own_database
from tests.unit.test_cli_operators import type_as_ana

NOBODYS = "00000000-0000-4000-8000-000000000000"
STATES = "queued, running, retrying, succeeded, failed, revoked, expired, superseded"


@pytest.fixture(scope="module", autouse=True)
def database_url(postgres_server: str, migrated: str) -> Iterator[str]:
    with own_database(postgres_server, migrated) as url:
        yield url


REFUSALS = {
    "queue pause lwo": (64, "'lwo' is no queue; there are high, default, low."),
    "queue resume low": (1, "Queue low is not paused; nothing was changed."),
    "queue pause": (64, "Missing argument 'QUEUE'. See `fiscal queue pause --help`."),
    "queue stop low": (64, "No such command 'stop'. See `fiscal queue --help`."),
    "queue pause low high": (
        64,
        "Got unexpected extra argument (high). See `fiscal queue pause --help`.",
    ),
    "queue pause low --by=": (64, "Who does this is not said; name yourself with --by NAME."),
    f"queue pause low --reason={'a' * (LONGEST + 1)}": (64, "reason has more than 200 characters."),
    "run retry 7": (
        64,
        "Invalid value for 'RUN': '7' is not a valid UUID. See `fiscal run retry --help`.",
    ),
    f"run retry {NOBODYS}": (64, f"There is no run {NOBODYS}."),
    f"run cancel {NOBODYS}": (64, f"There is no run {NOBODYS}."),
    f"run show {NOBODYS}": (64, f"There is no run {NOBODYS}."),
    "runs --state done": (64, f"'done' is no state; there are {STATES}."),
    "runs --queue lwo": (64, "'lwo' is no queue; there are high, default, low."),
    "runs --cursor x": (64, "This cursor is not one that the API gave."),
    "schedule run payroll": (
        64,
        "There is no entry 'payroll' in the schedule; `fiscal schedule` lists them.",
    ),
    "sync 76543210-3": (64, "There is no company with RUT 76543210-3."),
    "sync 76543210-4": (64, "The check digit of this RUT is wrong."),
    f"sync {NOBODYS}": (64, f"There is no company {NOBODYS}."),
    "sync panaderia": (64, "This is no RUT; write it like 12345678-5."),
    "status --watch --json": (
        64,
        "--watch is for people, --json for programs; choose one. See `fiscal status --help`.",
    ),
}


@pytest.mark.parametrize("words", REFUSALS, ids=lambda words: words[:30])
def test_a_wrong_action_is_one_sentence_and_changes_nothing(words: str) -> None:
    status, sentence = REFUSALS[words]
    done = type_as_ana(*words.split())
    assert (done.exit_code, done.stdout, done.stderr) == (status, "", f"{sentence}\n")
    assert "ana" not in type_as_ana("audit").stdout
