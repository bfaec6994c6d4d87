"""What the simulator tells about itself: its companies, their documents, what it was sent."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

from app.domain.periods import Period
from app.errors import ConfigurationError, SiiUnavailable

# A document as both sides know it; an identity with its amounts.
Fact = tuple[str, int, int, str, date, str, int, int, int, int, int]
# Boletas of one type on one day: the word `boletas`, type, day, count and amounts.
DayFact = tuple[str, int, date, int, int, int, int, int]
# A boleta de honorarios: the word `fees`, issuer, folio, day, mark and amounts.
FeeFact = tuple[str, str, int, date, str, int, int, int]
Books = Counter[Fact | DayFact | FeeFact]


@dataclass(frozen=True)
class SeededCompany:
    """A company as its user would type it in. `is_refused`: the portal does not take its clave."""

    rut: str
    business_name: str
    login_rut: str
    clave: str = field(repr=False)
    is_refused: bool = False


class Simulator:
    """The admin side of the simulator that the portal's URL points at."""

    def __init__(self, portal_url: str) -> None:
        """Takes SII_AUTH_URL. Raises ConfigurationError where that is the real portal."""
        url = httpx.URL(portal_url)
        if url.host.endswith("sii.cl"):
            raise ConfigurationError(
                "SII_AUTH_URL names the real portal; the demo needs the simulator,"
                " for example SII_AUTH_URL=http://simulator:8080/zeusr."
            )
        self._base = url.copy_with(path="/__sim__/", query=None)

    def companies(self) -> list[SeededCompany]:
        """Returns the seeded companies. Raises SiiUnavailable."""
        return [_company(one) for one in self._get("companies")]

    def newcomers(self) -> list[SeededCompany]:
        """Returns companies that nobody has seeded. Raises SiiUnavailable."""
        return [_company(one) for one in self._get("newcomers")]

    def books(self, rut: str, period: Period) -> Books:
        """Returns what the portal shows of a company's period. Raises SiiUnavailable."""
        truth = self._get(f"truth/{rut}", {"period": period.ptributario})
        return Counter(
            [
                *map(_fact, truth["documents"]),
                *map(_day_fact, truth["boletas"]),
                *map(_fee_fact, truth["fees"]),
            ]
        )

    def message_ids(self) -> set[str]:
        """Returns the ids of the messages that were accepted. Raises SiiUnavailable."""
        return {one["message_id"] for one in self._get("messages")}

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        try:
            answer = httpx.get(self._base.join(path), params=query, timeout=30)
            return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise SiiUnavailable(
                f"The simulator at {self._base.host} does not answer; check that it runs and that"
                " SII_AUTH_URL names it."
            ) from error


def _company(one: Mapping[str, str]) -> SeededCompany:
    return SeededCompany(
        rut=one["rut"],
        business_name=one["razon_social"],
        login_rut=one["login_rut"],
        clave=one["clave"],
        is_refused=one["case"] == "bad_credential",
    )


def _fact(one: Mapping[str, Any]) -> Fact:
    return (
        one["direction"],
        one["doc_type"],
        one["folio"],
        one["counterpart_rut"],
        date.fromisoformat(one["issue_date"]),
        one["accounting_state"],
        one["exempt"],
        one["net"],
        one["vat"],
        one["vat_non_rec"],
        one["total"],
    )


def _day_fact(one: Mapping[str, Any]) -> DayFact:
    return (
        "boletas",
        one["doc_type"],
        date.fromisoformat(one["day"]),
        one["count"],
        one["exempt"],
        one["net"],
        one["vat"],
        one["total"],
    )


def _fee_fact(one: Mapping[str, Any]) -> FeeFact:
    return (
        "fees",
        one["issuer_rut"],
        one["folio"],
        date.fromisoformat(one["issue_date"]),
        one["status_raw"],
        one["gross"],
        one["withheld"],
        one["net"],
    )
