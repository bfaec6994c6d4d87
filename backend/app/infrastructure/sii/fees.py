"""Asks for the boletas de honorarios of a month, page by page."""

from collections.abc import Callable

import httpx

from app.domain.fees import FeesReading
from app.domain.periods import Period
from app.infrastructure.sii import pages
from app.infrastructure.sii.fees_report import FeesPage, parse_fees_page

# Sends one request as (method, address) with httpx's own arguments, or raises SII's errors.
Ask = Callable[..., httpx.Response]


def read_fees(
    ask: Ask, addresses: pages.Addresses, company_rut: str, period: Period
) -> FeesReading:
    """Returns the boletas of `period` that `company_rut` received.

    Raises what `ask` raises, SessionExpired and UnexpectedAnswer.
    """
    first = _page(ask, addresses, company_rut, period, pages.FEES_FIRST_PAGE)
    fees = list(first.fees)
    for number in range(2, pages.FEES_MOST_PAGES + 1):
        if len(fees) >= first.count:
            break
        more = _page(ask, addresses, company_rut, period, number)
        if not more.fees:
            break  # check_complete says what that means
        fees += more.fees
    return FeesReading(period, first.count, tuple(fees))


def _page(
    ask: Ask, addresses: pages.Addresses, company_rut: str, period: Period, number: int
) -> FeesPage:
    body, check_digit = company_rut.split("-")
    form = {
        "rut_arrastre": body,
        "dv_arrastre": check_digit,
        "pagina_solicitada": str(number),  # without it: error TMB020a
        "cbmesinformemensual": f"{period.month:02d}",
        "cbanoinformemensual": f"{period.year:04d}",
    }
    # Without a page of its own host that it comes from, the report answers I082.
    headers = {"Accept": pages.HTML_ACCEPT, "Referer": addresses.fees_menu}
    answer = ask("POST", addresses.fees, data=form, headers=headers)
    return parse_fees_page(answer.content, company_rut)
