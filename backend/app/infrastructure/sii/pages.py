"""Every address, selector and literal of the portal, in one place.

They are what public scrapers and official texts say (docs/sii.md); the development machines
cannot reach the portal, so what is here was proven against the simulator only.
"""

import re
from dataclasses import dataclass

from app.domain.documents import Direction

# --- login ------------------------------------------------------------------------------------

RUT_FIELD = "#rutcntr"  # the whole RUT, without dots and dash
CLAVE_FIELD = "#clave"
LOGIN_BUTTON = "#bt_ingresar"
LOGIN_FORM = "#myform"
LOGIN_ANSWER = "CAutInicio.cgi"  # where the form is sent; a refusal is shown there
LOGIN_ALERT = "#alert_placeholder"  # what the page's own script objects to

TOKEN_COOKIE = "TOKEN"  # noqa: S105 (the cookie's name)
# Cookies of a session; all others (F5's TS..., Queue-it's) belong to the infrastructure and stay.
SESSION_COOKIE = re.compile(r"TOKEN|CSESSIONID|RUT_NS|DV_NS|NETSCAPE_LIVEWIRE\..+")

MESSAGE_CODE = re.compile(r"01\.01\.\d+\.500\.720\.(\d+)")
WRONG_CLAVE = {20, 55}  # 55: wrong, three tries left
BLOCKED_CLAVE = {9, 19}
TOO_MANY_SESSIONS = {27}
ENDED_SESSION = {28, 29}
OTHER_KIND_OF_LOGIN = {33, 39}  # SII wants a certificate, or wants none
TRY_LATER = {1, 2, 3, 4, 5, 7, 11, 12, 13, 14}
# Some variants of the page carry the text without a code.
WRONG_CLAVE_TEXT = "clave tributaria ingresada no es correcta"
TOO_MANY_SESSIONS_TEXT = "máximo de sesiones"
BLOCKED_CLAVE_TEXT = "bloquead"

ERROR_PAGE = "/ayudas/"  # e.g. /ayudas/900.html, maintenance
WAITING_ROOM = "queue-it"
NETWORK_ERROR = "net::ERR_"  # how Chromium names a host that it cannot reach

# --- RCV --------------------------------------------------------------------------------------

NAMESPACE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/"
JSON_ACCEPT = "application/json, text/plain, */*"  # anything narrower: HTTP 500 RESTEASY001530
LOGIN_MARKS = ("AUT2000", "IngresoRutClave")  # in an address: the session is over

ALL_TYPES = 0  # codTipoDoc of an export
OK = 0  # codRespuesta
NO_DOCUMENTS = 99  # codRespuesta where a period has none, as some clients report
INVALID_TOKEN_TEXT = "token no es valido"  # noqa: S105
TOTALS_ONLY = "RESUMEN"  # dcvTipoIngresoDoc of types that have no rows (boletas)

OPERATION = {Direction.PURCHASE: "COMPRA", Direction.SALE: "VENTA"}
EXPORT_METHOD = {
    Direction.PURCHASE: "getDetalleCompraExport",
    Direction.SALE: "getDetalleVentaExport",
}
RECAPTCHA_ACTION = {Direction.PURCHASE: "RCV_DDETC", Direction.SALE: "RCV_DDETV"}


@dataclass(frozen=True)
class Addresses:
    """The portal's hosts; the simulator serves all three under one host, by path prefix."""

    auth: str  # https://zeusr.sii.cl
    home: str  # https://misiir.sii.cl
    services: str  # https://www4.sii.cl

    @property
    def protected_page(self) -> str:
        """A page that sends who is not logged in to the login page."""
        return f"{self.home}/cgi_misii/siihome.cgi"

    @property
    def logout(self) -> str:
        """Ends the session."""
        return f"{self.auth}/cgi_AUT2000/autTermino.cgi"

    @property
    def bind_session(self) -> str:
        """Makes the session known to the application servers; JSONP."""
        return f"{self.auth}/cgi_AUT2000/AutTknData.cgi"

    @property
    def rcv(self) -> str:
        """The RCV application."""
        return f"{self.services}/consdcvinternetui"

    @property
    def facade(self) -> str:
        """Where the RCV's methods are."""
        return f"{self.rcv}/services/data/facadeService"
