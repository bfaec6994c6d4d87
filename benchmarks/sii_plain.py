"""A company-month at the portal by the fewest requests, one after the other: what nobody can do
without. Nothing is checked, parsed or stored.

The one thing that needs a browser is the login's page; it is opened in a bare one.
"""

import json
import time
from typing import Any

import httpx
from selenium import webdriver

from benchmarks.sii_company import HOME, MONTH, PORTAL, YEAR, Company

AUTH, SERVICES, FEES = f"{PORTAL}/zeusr", f"{PORTAL}/www4", f"{PORTAL}/loa/cgi_IMT"
RCV, LISTS = f"{SERVICES}/consdcvinternetui", f"{SERVICES}/rfiInternet"
JSON = {"Accept": "application/json, text/plain, */*", "Referer": f"{RCV}/"}
FACADE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService"
BOLETAS = "cl.sii.sdi.lob.diii.dcv.data.impl.boletasdiarias.FacadeSettingApplicationService"
BOLETA_TYPES = ("39", "48")
PURCHASE_STATES = ("PENDIENTE", "NO_INCLUIR", "RECLAMADO", "REGISTRO")


def bare_browser() -> float:
    """Returns the seconds until a bare headless Chromium shows the login page."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox"):
        options.add_argument(argument)
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    began = time.perf_counter()
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.get(HOME)
        return time.perf_counter() - began
    finally:
        driver.quit()


class Plain:
    """The requests of one company, in one connection."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._client = httpx.Client(timeout=30)
        self._forms: list[list[Any]] = []

    def log_in(self) -> None:
        """Sends the form and follows where it leads, to the page that names the taxpayer."""
        body, check_digit = self._company.login_rut.split("-")
        form = {
            "rut": body, "dv": check_digit, "rutcntr": body + check_digit,
            "clave": self._company.clave, "411": "plain", "referencia": HOME,
        }  # fmt: skip
        answer = self._client.post(f"{AUTH}/cgi_AUT2000/CAutInicio.cgi", data=form)
        self._get(answer.headers["Location"])

    def read_list(self) -> None:
        """Reads a year's F29: the page, its script, and what that asks for."""
        self._get(f"{LISTS}/rectificarF29/index.html")
        self._get(f"{RCV}/app/js/f29.js")
        search = f"getDocumentosBusqueda|29|{YEAR}|"
        answer = self._client.post(f"{LISTS}/svcConsulta", content=search)
        self._forms = json.loads(answer.text.removeprefix("//OK"))

    def read_documents(self) -> None:
        """Reads purchases, sales, boletas and honorarios of the month."""
        self._bind()
        for state in PURCHASE_STATES:
            self._register("COMPRA", state, "getDetalleCompraExport", "RCV_DDETC")
        self._register("VENTA", "REGISTRO", "getDetalleVentaExport", "RCV_DDETV")
        body, check_digit = self._company.rut.split("-")
        for kind in BOLETA_TYPES:
            query = {"rut": body, "dv": check_digit, "periodo": MONTH.ptributario}
            self._ask(
                f"{SERVICES}/complementoscvui/services/data/facadeServiceBoletasDiarias",
                BOLETAS, "obtieneListaBoletasMes", query | {"tipoDocumento": kind},
                {"pageSize": 1, "pageIndex": 1},
            )  # fmt: skip
        self._fees()

    def read_pdfs(self) -> None:
        """Fetches the PDF of each form of the list."""
        headers = {"Accept": "application/pdf", "Referer": f"{LISTS}/rectificarF29/index.html"}
        for _, folio, rut, _, _, _, cod_int in self._forms:
            query = {"folio": folio, "rut": rut.split("-")[0], "form": "029", "codInt": cod_int}
            self._get(f"{LISTS}/formCompacto", params=query, headers=headers)

    def see_taxpayer(self) -> None:
        """Opens the page that names the taxpayer, and so shows that the session is open."""
        self._get(HOME)

    def log_out(self) -> None:
        """Ends the session."""
        self._client.get(f"{AUTH}/cgi_AUT2000/autTermino.cgi")

    def _bind(self) -> None:
        self._get(f"{RCV}/")
        common = f"{RCV}/common-1.0/services"
        self._client.post(f"{common}/autConfDataService/obtieneConf", json={}, headers=JSON)
        self._get(f"{common}/aaSessionService/load", headers=JSON)
        self._get(f"{AUTH}/cgi_AUT2000/AutTknData.cgi", params={"callback": "jQuery_1"})
        self._facade("getDatosInicio", {})

    def _register(self, operation: str, state: str, export: str, action: str) -> None:
        body, check_digit = self._company.rut.split("-")
        query = {
            "rutEmisor": body, "dvEmisor": check_digit, "ptributario": MONTH.ptributario,
            "estadoContab": state, "operacion": operation,
        }  # fmt: skip
        self._facade("getResumen", query | {"busquedaInicial": True})
        asked = {"codTipoDoc": 0, "accionRecaptcha": action, "tokenRecaptcha": "t-o-k-e-n-web"}
        self._facade(export, query | asked)

    def _facade(self, method: str, data: dict[str, Any]) -> None:
        self._ask(f"{RCV}/services/data/facadeService", FACADE, method, data)

    def _ask(
        self,
        service: str,
        namespace: str,
        method: str,
        data: dict[str, Any],
        page: dict[str, int] | None = None,
    ) -> None:
        about = {
            "namespace": f"{namespace}/{method}", "conversationId": self._client.cookies["TOKEN"],
            "transactionId": "plain", "page": page,
        }  # fmt: skip
        envelope = {"metaData": about, "data": data}
        answer = self._client.post(f"{service}/{method}", json=envelope, headers=JSON)
        code = answer.raise_for_status().json()["respEstado"]["codRespuesta"]
        if code:
            raise SystemExit(f"the portal refused the plain {method} with code {code}")

    def _fees(self) -> None:
        body, check_digit = self._company.rut.split("-")
        form = {
            "rut_arrastre": body, "dv_arrastre": check_digit, "pagina_solicitada": "0",
            "cbmesinformemensual": f"{MONTH.month:02d}", "cbanoinformemensual": str(MONTH.year),
        }  # fmt: skip
        headers = {"Referer": f"{FEES}/TMBCOC_MenuConsultasContribRec.cgi"}
        report = f"{FEES}/TMBCOC_InformeMensualBheRec.cgi"
        self._client.post(report, data=form, headers=headers).raise_for_status()

    def _get(self, address: str, **content: Any) -> None:
        answer = self._client.get(address, **content)
        if answer.status_code != 200:
            raise SystemExit(f"the portal answered {address} with {answer.status_code}")
