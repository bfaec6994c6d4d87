"""The table of docs/sii.md: which fault of the portal leads to which error, and what then."""

import re
from dataclasses import dataclass

from tests.conftest import ROOT

_HEAD = "| fault | at | error | what happens next |"
# Where requests of each kind go.
PATHS = {
    "login page": "/zeusr/AUT2000",
    "login": "/zeusr/cgi_AUT2000/CAutInicio.cgi",
    "RCV": "/www4/consdcvinternetui/services/data/facadeService",
    "large export": "/www4/consdcvinternetui/services/data/facadeService/getCtrlAsync",
    "large file": "/www4/consdcvinternetui/services/data/facadeService/obtenerArchivoBLOB",
    "boletas": "/www4/complementoscvui/services/data/facadeServiceBoletasDiarias",
    "honorarios": "/loa/cgi_IMT",
    "F29 list": "/www4/rfiInternet/rectificarF29",
    "F29 search": "/www4/rfiInternet/svcConsulta",
    "F29 PDF": "/www4/rfiInternet/formCompacto",
}


@dataclass(frozen=True)
class Row:
    """One fault at one place of a line."""

    kind: str
    at: str
    code: str  # of the error; '' for none
    lasting: str  # transient, permanent; '' without an error
    then: str

    @property
    def path(self) -> str:
        """Where its rule hits."""
        return PATHS[self.at]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


def rows(*at: str) -> list[Row]:
    """Returns the table's faults, at these places or at all."""
    _, _, table = (ROOT / "docs" / "sii.md").read_text().partition(f"{_HEAD}\n")
    lines = table.partition("\n\n")[0].splitlines()[1:]
    found = [row for line in lines for row in _rows_of(line)]
    return [row for row in found if not at or row.at in at]


def _rows_of(line: str) -> list[Row]:
    faults, places, error, then = (cell.strip() for cell in line.strip("|").split("|"))
    code, _, lasting = error.replace("`", "").partition(", ")
    kinds = re.findall(r"`(\w+)`", faults)
    code = "" if code == "none" else code
    return [Row(kind, at, code, lasting, then) for at in places.split(", ") for kind in kinds]
