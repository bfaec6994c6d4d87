"""The table of faults in docs/sii.md, line by line, where it takes a browser to meet them."""

import pytest

from app.infrastructure.sii import f29_list
from app.infrastructure.sii.portal import SiiPortal
from simulator.faults import SCREEN_KINDS
from tests.browser.test_against_simulator import seed
from tests.browser.test_f29 import row as shown
from tests.browser.test_f29 import sync, true, untouched
from tests.scenarios.fault_table import Row, rows
from tests.scenarios.fault_trial import NOW, Trial
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.forms import stored

PATIENCE = 3  # s for what will not come; a real page gets ten times as much
SEEN_BY_BROWSERS = [
    row
    for row in rows("login page", "F29 list", "F29 search")
    if row.at != "login page" or row.kind in SCREEN_KINDS
]


@pytest.mark.parametrize("row", SEEN_BY_BROWSERS, ids=str)
def test_a_sync_of_f29_meets_a_fault(
    books: Books,
    portal: SiiPortal,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    row: Row,
) -> None:
    company, rut = seed(books, simulator, "C")
    trial = Trial(books, portal, simulator, company, simulator.company("C"), books.run(NOW))
    truth = true(simulator, rut)
    simulator.fail(row.path, row.kind)
    with monkeypatch.context() as quick:
        quick.setattr(f29_list, "CLICK_AGAIN", 0.2)
        if row.code:
            quick.setattr(f29_list, "PAGE_TIMEOUT", PATIENCE)
            quick.setattr(f29_list, "CLICK_TIMEOUT", PATIENCE)
        trial.attempt(lambda: sync(books, portal, company))
    trial.assert_is(row)
    assert [shown(form) for form in stored(books)] == ([] if row.code else truth)
    untouched(simulator)
    if row.code:
        trial.mend()
        sync(books, portal, company)
        assert [shown(form) for form in stored(books)] == truth
