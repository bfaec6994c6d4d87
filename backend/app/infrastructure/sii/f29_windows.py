"""The window that a list opens for a form: only its address is wanted, which has the codInt."""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from app.errors import UnexpectedAnswer
from app.infrastructure.sii import pages

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

# In place of a window: the PDF is fetched once, over HTTP, and not by the browser as well.
_WATCH = """
window.__opened = [];
window.open = address => {
  window.__opened.push(String(new URL(address, document.baseURI)));
  return { closed: true, close() {}, focus() {}, location: {} };
};
"""
# Presses what an XPath finds, where it is shown.
_PRESS = """
const found = document.evaluate(
  arguments[0], document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
if (found && found.checkVisibility()) found.click();
"""
_OPENED = """
const mark = arguments[arguments.length - 1];
return (window.__opened || []).find(address => address.includes(mark)) || null;
"""


def press_and_watch(driver: "WebDriver", xpath: str) -> str | None:
    """Presses what is at `xpath`; returns the address of the form that was opened at once.

    One script: a click of the driver's takes a dozen commands, each with a wait of its own. What
    the page opens later is found by `opened_address`.
    """
    return _address(driver.execute_script(_WATCH + _PRESS + _OPENED, xpath, pages.F29_PDF_MARK))


def _address(found: Any) -> str | None:
    return None if found is None else str(found)


def opened_address(driver: "WebDriver") -> str | None:
    """Returns the address of the form that was opened, None for nothing yet.

    A real window, which a link with a target opens, is closed once it has its address.
    """
    kept = _address(driver.execute_script(_OPENED, pages.F29_PDF_MARK))
    if kept is not None:
        return kept
    home = driver.current_window_handle
    for handle in driver.window_handles:
        if handle == home:
            continue
        driver.switch_to.window(handle)
        address = driver.current_url
        if pages.F29_PDF_MARK in address:
            driver.close()
            driver.switch_to.window(home)
            return address
        driver.switch_to.window(home)
    return None


def cod_int_of(address: str, folio: int) -> int:
    """Returns the codInt in a form's address. Raises UnexpectedAnswer for another folio's."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    number = query.get("codInt", "")
    if query.get("folio") != str(folio) or not number.isascii() or not number.isdigit():
        raise UnexpectedAnswer(f"SII's F29 list opened something else than folio {folio}.")
    return int(number)
