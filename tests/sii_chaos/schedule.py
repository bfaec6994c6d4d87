"""Which faults one company's portal has, drawn from a seed."""

from dataclasses import dataclass
from random import Random
from typing import Any

from simulator.faults import (
    BOLETAS_KINDS,
    FEES_KINDS,
    LARGE_EXPORT_KINDS,
    LOGIN_KINDS,
    PDF_KINDS,
    RCV_KINDS,
    SCREEN_KINDS,
)

COMPANIES = ("A", "A", "B", "C", "D", "E", "F1", "F2")
ANYWHERE = (
    *("slow_page", "late_answer", "lost_answer", "latin1", "json_html_body"),
    *("http_400", "http_500", "http_503", "rate_limit_429", "maintenance", "queue_wait"),
)
INSIDE = (*ANYWHERE, "expired_session")  # where a session is needed
RCV = "/www4/consdcvinternetui/"
FACADE = f"{RCV}services/data/facadeService/"
LOGIN = "/zeusr/cgi_AUT2000/CAutInicio.cgi"
# What may go wrong where; a longer list is met more often.
HTTP_PLACES: dict[str, tuple[str, ...]] = {
    "/zeusr/AUT2000": ANYWHERE,
    LOGIN: (*ANYWHERE, *LOGIN_KINDS),
    "/misiir/cgi_misii/siihome.cgi": INSIDE,
    RCV: INSIDE,
    f"{RCV}common-1.0": INSIDE,
    "/zeusr/cgi_AUT2000/AutTknData.cgi": INSIDE,
    f"{FACADE}getResumen": (*INSIDE, "resumen_mismatch"),
    f"{FACADE}getDetalle": (*INSIDE, *RCV_KINDS[1:]),
    f"{FACADE}getCtrlAsync": (*INSIDE, LARGE_EXPORT_KINDS[0]),
    f"{FACADE}obtenerArchivoBLOB": (*INSIDE, *LARGE_EXPORT_KINDS[1:], "csv_bad_header"),
    "/www4/complementoscvui": (*INSIDE, *BOLETAS_KINDS),
    "/loa/cgi_IMT": (*INSIDE, *FEES_KINDS),
    "/www4/rfiInternet/formCompacto": (*INSIDE, *PDF_KINDS),
}
BROWSER_PLACES = HTTP_PLACES | {
    "/zeusr/AUT2000": (*ANYWHERE, "js_alert", "overlay_intercepts_click"),
    "/misiir/cgi_misii/siihome.cgi": (*INSIDE, "js_alert"),
    "/www4/rfiInternet/rectificarF29": (*INSIDE, *SCREEN_KINDS),
    "/www4/rfiInternet/svcConsulta": INSIDE,
}


@dataclass(frozen=True)
class Schedule:
    """One company, the months that are synced, and the rules that are in force meanwhile."""

    company: str
    months: int
    rules: tuple[dict[str, Any], ...]


def schedule_of(seed: str, index: int, *, browser: bool) -> Schedule:
    """Returns the schedule `index` of a seed; with a browser there are more places to fail."""
    chance = Random(f"{seed}:{index}")
    places = BROWSER_PLACES if browser else HTTP_PLACES
    return Schedule(
        company=chance.choice(COMPANIES),
        months=chance.randint(1, 3),
        rules=tuple(_rule(chance, places) for _ in range(chance.randint(1, 4))),
    )


def _rule(chance: Random, places: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    path = chance.choice(list(places))
    return {
        "path": path,
        "kind": chance.choice(places[path]),
        "count": chance.randint(1, 4),
        "after": chance.choice((0, 0, chance.randint(1, 12))),
        "probability": chance.choice((1.0, 0.5, 0.2)),
        "seed": chance.randint(0, 2**32 - 1),
        "ms": chance.randint(1, 50),
    }
