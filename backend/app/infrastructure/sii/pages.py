"""Every address, selector and literal of the portal, in one place; the columns of the RCV's
exports stand next to it, in rcv_columns.py.

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

MESSAGE_CODE = re.compile(r"01\.01\.\d+\.500\.720\.([0-9]+)")
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
LOGOUT = "autTermino.cgi"

# --- home page ----------------------------------------------------------------------------------

HOME = "siihome.cgi"
TAXPAYER_VARIABLE = "DatosCntrNow"
TAXPAYER_PARTS = ("contribuyente", "direcciones", "atributos", "alertas")

# --- RCV --------------------------------------------------------------------------------------

RCV = "consdcvinternetui"  # in the address of everything that belongs to it
BIND_SESSION = "AutTknData.cgi"
SUMMARY_METHOD = "getResumen"
NAMESPACE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/"
JSON_ACCEPT = "application/json, text/plain, */*"  # anything narrower: HTTP 500 RESTEASY001530
LOGIN_MARKS = ("AUT2000", "IngresoRutClave")  # in an address: the session is over

ALL_TYPES = 0  # codTipoDoc of an export
OK = 0  # codRespuesta
NO_DOCUMENTS = 99  # codRespuesta where a period has none, as some clients report
INVALID_TOKEN_TEXT = "token no es valido"  # noqa: S105
CAPTCHA_TEXT = "captcha"  # in a refusal's text or its codError, in any case
TOTALS_ONLY = "RESUMEN"  # dcvTipoIngresoDoc of types that have no rows (boletas)

OPERATION = {Direction.PURCHASE: "COMPRA", Direction.SALE: "VENTA"}
EXPORT_METHOD = {
    Direction.PURCHASE: "getDetalleCompraExport",
    Direction.SALE: "getDetalleVentaExport",
}
RECAPTCHA_ACTION = {Direction.PURCHASE: "RCV_DDETC", Direction.SALE: "RCV_DDETV"}

# Files of registers that are too large for one answer.
CONTROL_METHOD = "getCtrlAsync"  # begins a file, or tells how far those of a month are
CONTROL_OK = {0, 1}  # codRespuesta; with 1 comes a notice
CONTROL_ACTION = {Direction.PURCHASE: "RCV_DDETCA", Direction.SALE: "RCV_DDETVA"}
CONTROL_MARK = {Direction.PURCHASE: "_C_", Direction.SALE: "_V_"}  # in a row's caProceso
CONTROL_FINISHED = "TERMINADO"  # caEstado; before it CREADO and EN PROCESO
NO_BLOB = "SIN-BLOB"  # caIdBLOB of what cannot be fetched
BLOB_METHOD = "obtenerArchivoBLOB"

# --- boletas per day --------------------------------------------------------------------------

BOLETAS_METHOD = "obtieneListaBoletasMes"
BOLETAS_NAMESPACE = (
    "cl.sii.sdi.lob.diii.dcv.data.impl.boletasdiarias.FacadeSettingApplicationService/"
)
BOLETAS_PAGE = {"pageSize": 1, "pageIndex": 1}  # whatever it says, the whole month comes

# --- boletas de honorarios --------------------------------------------------------------------

FEES_REPORT = "TMBCOC_InformeMensualBheRec.cgi"
HTML_ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"
LOGIN_PAGE = ("IngresoRutClave", LOGIN_ANSWER)  # in a page that came in place of the report
FEES_COUNT = "total_boletas"  # of the whole month
FEES_OWNER = ("rut_arrastre", "dv_arrastre")
# Public clients ask for page 0 and are told that it is page 1; nobody has shown a second one.
FEES_FIRST_PAGE = 0
FEES_MOST_PAGES = 100  # of a hundred rows

# --- F29 --------------------------------------------------------------------------------------

# Two pages are known; which one is shown is told by what it has, not by its address.
F29_BUTTON = "//button[normalize-space()='{text}']"
F29_OPEN_SEARCH = "Buscar Formulario"  # only on list A, in front of its search
F29_SEARCH = "Consultar"
F29_LIST_BOX = "select.gwt-ListBox"
F29_FORM_OPTION = "Formulario 29"  # list B
F29_LIST_A_OPTIONS = ("DPS", "29")  # values of its first two list boxes; the third is the year
F29_YEARLY = "//label[contains(., 'Anual')]/..//input"  # list A
F29_TABLE_A = "table.gw-detalle-center-busqueda"
F29_TABLE_B = "table.tabla_internet"
F29_HEADER_ROWS = {"A": 1, "B": 2}
F29_NOTHING_FOUND = "no se encontraron"  # in the text of a page without a table
F29_SEARCH_FAILED = "se ha producido un error"
# The row of a folio, and the one link in it that is clicked. Never `Rectificar`.
F29_FORM_LINK_B = (
    "//table[contains(@class,'tabla_internet')]//tr[td[2][normalize-space()='{folio}']]"
    "/td[6]//a[normalize-space()='Formulario']"
)
F29_DETAIL_LINK_A = (
    "//table[contains(@class,'gw-detalle-center-busqueda')]"
    "//tr[td[2][normalize-space()='{folio}']]/td[last()]//a[normalize-space()='Ver']"
)
F29_COMPACT = "Formulario Compacto"  # list A's button in a detail
F29_BACK = "Volver"
F29_PDF_MARK = "formCompacto"  # in the address of the window that shows a PDF
F29_FORM_NUMBER = "029"  # in the address of a PDF
PDF_ACCEPT = "application/pdf"

# --- figures ----------------------------------------------------------------------------------

# What the figures call a page that is asked over HTTP, by what its path has; the first one counts.
# Those that a browser asks for have their names where it does: login_page, login, f29_*.
PAGES = {
    BLOB_METHOD: "large_file",
    CONTROL_METHOD: "large_export",
    SUMMARY_METHOD: "rcv_summary",
    **dict.fromkeys(EXPORT_METHOD.values(), "rcv_export"),
    RCV: "rcv_start",
    BIND_SESSION: "rcv_start",
    BOLETAS_METHOD: "boletas",
    FEES_REPORT: "fees",
    F29_PDF_MARK: "f29_pdf",
    HOME: "home",
    LOGOUT: "logout",
}


def page_at(path: str) -> str:
    """Returns what the figures call the page at a path, `other` for one that nobody asks for."""
    return next((name for mark, name in PAGES.items() if mark in path), "other")


@dataclass(frozen=True)
class Addresses:
    """The portal's hosts; the simulator serves all of them under one host, by path prefix."""

    auth: str  # https://zeusr.sii.cl
    home: str  # https://misiir.sii.cl
    services: str  # https://www4.sii.cl
    receipts: str  # https://loa.sii.cl

    @property
    def protected_page(self) -> str:
        """A page that sends who is not logged in to the login page."""
        return f"{self.home}/cgi_misii/{HOME}"

    @property
    def logout(self) -> str:
        """Ends the session."""
        return f"{self.auth}/cgi_AUT2000/{LOGOUT}"

    @property
    def bind_session(self) -> str:
        """Makes the session known to the application servers; JSONP."""
        return f"{self.auth}/cgi_AUT2000/{BIND_SESSION}"

    @property
    def rcv(self) -> str:
        """The RCV application."""
        return f"{self.services}/{RCV}"

    @property
    def facade(self) -> str:
        """Where the RCV's methods are."""
        return f"{self.rcv}/services/data/facadeService"

    @property
    def boletas(self) -> str:
        """Where the boletas of a month are counted per day."""
        return f"{self.services}/complementoscvui/services/data/facadeServiceBoletasDiarias"

    @property
    def fees(self) -> str:
        """The monthly report of boletas de honorarios that were received."""
        return f"{self.receipts}/cgi_IMT/{FEES_REPORT}"

    @property
    def fees_menu(self) -> str:
        """Where a request for that report says that it comes from."""
        return f"{self.receipts}/cgi_IMT/TMBCOC_MenuConsultasContribRec.cgi"

    @property
    def f29_list(self) -> str:
        """The list of F29; the portal may lead from here to the older one."""
        return f"{self.services}/rfiInternet/rectificarF29/index.html#rfiBusquedaDeclaracionForm"

    @property
    def f29_pdf(self) -> str:
        """The compact form as a PDF, by folio, rut, form and codInt."""
        return f"{self.services}/rfiInternet/{F29_PDF_MARK}"

    @property
    def f29_referer(self) -> str:
        """Where a request for a PDF says that it comes from."""
        return f"{self.services}/sifmConsultaInternet/index.html?dest=cifxx&form=29"
