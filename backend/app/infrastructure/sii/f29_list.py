"""Reads the list of F29 in the browser that has logged in: its protocol is GWT's own.

Which of the two known pages the portal shows is told by what is on it. Rows are drawn again
under the reader, so that all texts are taken at once, every click looks its link up anew, and a
click that nothing follows is made again: a link that is replaced between press and release
takes none.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app.domain.f29 import F29Listed
from app.errors import SiiUnavailable, UnexpectedAnswer
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.browser import counted, page_status
from app.infrastructure.sii.f29_rows import parse_row
from app.infrastructure.sii.f29_windows import cod_int_of, opened_address, press_and_watch
from app.infrastructure.sii.pace import Pace
from app.infrastructure.sii.politeness import ALONE, Turn
from app.infrastructure.sii.tally import UNCOUNTED, Tally

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

T = TypeVar("T")

PAGE_TIMEOUT = 30  # seconds until a page has its widgets, or a search its table
CLICK_TIMEOUT = 15  # seconds for one link, however often its row is drawn again
CLICK_AGAIN = 2  # seconds without an effect after which a click counts as swallowed
_POLL = 0.05  # seconds

_ROWS = """
const table = document.querySelector(arguments[0]);
return table && [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()));
"""
# The options of every list box that is shown; and the first of them that is wanted, in one box or
# in any. A script each: the driver would be asked for each option on its own.
_BOXES = """
const boxes = [...document.querySelectorAll(arguments[0])].filter(box => box.checkVisibility());
"""
_OPTIONS = f"{_BOXES}return boxes.flatMap(box => [...box.options]).map(one => one.text.trim());"
_OPTION = f"""{_BOXES}
const [, wanted, place] = arguments;
return (place === null ? boxes : boxes.slice(place, place + 1)).flatMap(box => [...box.options])
  .find(one => [one.text.trim(), one.value].includes(wanted)) || null;
"""
_TEXT = "return document.body ? document.body.innerText.toLowerCase() : '';"


class F29List:
    """The list page of one session. Not for several threads."""

    def __init__(
        self,
        driver: "WebDriver",
        addresses: pages.Addresses,
        *,
        min_interval: float,
        turn: Turn = ALONE.wait_for_turn,
        tally: Tally = UNCOUNTED,
    ) -> None:
        """`min_interval`: seconds that lie at least between two requests, each in its `turn`."""
        self._driver = driver
        self._addresses = addresses
        self._pace = Pace(min_interval, turn)
        self._tally = tally

    def read_year(
        self, company_rut: str, year: int, known: Collection[int] = ()
    ) -> Iterator[F29Listed]:
        """Yields a company's returns of a year, each with its codInt.

        The codInt of folios in `known` is not asked for again and stays None. A person who
        represents several companies sees the returns of all: only `company_rut`'s are given.
        Raises SessionExpired, SiiUnavailable or UnexpectedAnswer.
        """
        with counted(self._tally, "f29_list"):
            variant = self._open()
        with counted(self._tally, "f29_search"):
            self._search(variant, year)
            rows = self._rows(variant)
        for listed in [parse_row(cells, variant) for cells in rows]:
            if listed.rut != company_rut:
                continue
            if listed.folio in known:
                yield listed
            else:
                with counted(self._tally, "f29_form"):
                    cod_int = self._cod_int(variant, listed.folio)
                yield replace(listed, cod_int=cod_int)

    def _open(self) -> Literal["A", "B"]:
        """Returns which of the two pages came."""
        self._pace.wait()
        self._driver.get(self._addresses.f29_list)
        return self._until(self._variant, SiiUnavailable("SII did not show its list of F29."))

    def _variant(self) -> Literal["A", "B", None]:
        if self._all(_button(pages.F29_OPEN_SEARCH)):
            return "A"
        if pages.F29_FORM_OPTION in self._driver.execute_script(_OPTIONS, pages.F29_LIST_BOX):
            return "B"
        error = answers.overload(page_status(self._driver))
        if error is not None:
            raise error
        return None

    def _search(self, variant: str, year: int) -> None:
        self._pace.wait()
        refused = UnexpectedAnswer(f"SII's F29 list cannot be asked for {year}.")
        if variant == "A":
            self._click(_button(pages.F29_OPEN_SEARCH))
            self._until(lambda: self._choose_a(year), refused)
            self._click(pages.F29_YEARLY)
        else:
            self._until(lambda: self._choose_b(year), refused)
        self._click(_button(pages.F29_SEARCH))

    def _choose_a(self, year: int) -> bool:
        wanted = (*pages.F29_LIST_A_OPTIONS, str(year))
        return all(self._pick(option, place) for place, option in enumerate(wanted))

    def _choose_b(self, year: int) -> bool:
        return all(map(self._pick, (pages.F29_FORM_OPTION, str(year))))

    def _pick(self, wanted: str, place: int | None = None) -> bool:
        """Selects the option whose text or value is `wanted`, in the box at `place` or in any;
        returns whether there is one."""
        option = self._driver.execute_script(_OPTION, pages.F29_LIST_BOX, wanted, place)
        if option is not None and not option.is_selected():
            option.click()
        return option is not None

    def _rows(self, variant: str) -> list[list[str]]:
        """Returns the cells of every row, none where SII says that there are no returns."""
        selector = pages.F29_TABLE_A if variant == "A" else pages.F29_TABLE_B
        heads = pages.F29_HEADER_ROWS[variant]

        def look() -> list[list[str]] | None:
            rows: list[list[str]] | None = self._driver.execute_script(_ROWS, selector)
            if rows and len(rows) > heads:
                return [row for row in rows[heads:] if any(row)]
            text = str(self._driver.execute_script(_TEXT))
            if pages.F29_SEARCH_FAILED in text:
                raise SiiUnavailable("SII's F29 list says that an error has occurred.")
            return [] if pages.F29_NOTHING_FOUND in text else None

        return self._until(look, UnexpectedAnswer("SII's F29 list did not show its table."))

    def _cod_int(self, variant: str, folio: int) -> int:
        self._pace.wait()
        lost = UnexpectedAnswer(f"SII's F29 list opened no form for folio {folio}.")
        if variant == "B":
            return cod_int_of(self._opened(pages.F29_FORM_LINK_B.format(folio=folio), lost), folio)
        compact = _button(pages.F29_COMPACT)
        detail = pages.F29_DETAIL_LINK_A.format(folio=folio)
        self._click(detail)
        self._clicked(detail, lambda: bool(self._all(compact)), lost)
        address = self._opened(compact, lost)
        self._click(_button(pages.F29_BACK))
        return cod_int_of(address, folio)

    def _opened(self, xpath: str, otherwise: Exception) -> str:
        """Presses by a script, and by the mouse where nothing came of that; returns the address
        of the form that was opened."""
        [address] = self._until(lambda: [press_and_watch(self._driver, xpath)], otherwise)
        return address or self._clicked(xpath, lambda: opened_address(self._driver), otherwise)

    def _clicked(self, xpath: str, look: Callable[[], T | None], otherwise: Exception) -> T:
        """Returns the first answer of `look` after a click, which is made again where nothing
        came of it."""
        clicked_at = time.monotonic()

        def seen() -> T | None:
            nonlocal clicked_at
            answer = look()
            if not answer and time.monotonic() - clicked_at > CLICK_AGAIN:
                self._press(xpath)
                clicked_at = time.monotonic()
            return answer

        return self._until(seen, otherwise, CLICK_TIMEOUT)

    def _click(self, xpath: str) -> None:
        missing = UnexpectedAnswer("SII's F29 list has not what is to be clicked.")
        self._until(lambda: self._press(xpath), missing, CLICK_TIMEOUT)

    def _press(self, xpath: str) -> bool:
        """Clicks once, if there is something to click; returns whether there was."""
        from selenium.common.exceptions import (
            ElementClickInterceptedException,
            ElementNotInteractableException,
        )

        found = self._all(xpath)
        try:
            return bool(found) and found[0].click() is None
        except (ElementNotInteractableException, ElementClickInterceptedException):
            return False  # something lies above it

    def _all(self, xpath: str) -> list[Any]:
        from selenium.webdriver.common.by import By

        return [one for one in self._driver.find_elements(By.XPATH, xpath) if one.is_displayed()]

    def _until(
        self, look: Callable[[], T | None], otherwise: Exception, timeout: float | None = None
    ) -> T:
        """Returns the first answer of `look` that is neither None nor False."""
        from selenium.common.exceptions import (
            ElementClickInterceptedException,
            StaleElementReferenceException,
            TimeoutException,
            UnexpectedAlertPresentException,
        )
        from selenium.webdriver.support.wait import WebDriverWait

        def step(driver: "WebDriver") -> tuple[T] | Literal[False]:
            error = answers.detour(driver.current_url)
            if error is not None:
                raise error
            seen = look()
            return False if seen is None or seen is False else (seen,)

        # An alert is closed by being met; what it says is none of a reader's business.
        passing = [
            StaleElementReferenceException,
            ElementClickInterceptedException,
            UnexpectedAlertPresentException,
        ]
        wait = WebDriverWait(self._driver, timeout or PAGE_TIMEOUT, _POLL, passing)
        try:
            return wait.until(step)[0]
        except TimeoutException:
            raise otherwise from None


def _button(text: str) -> str:
    return pages.F29_BUTTON.format(text=text)
