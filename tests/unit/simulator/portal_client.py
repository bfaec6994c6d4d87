"""A client that speaks the portal's contract and can break one part of it at a time."""

from contextlib import AbstractContextManager
from uuid import uuid4

import httpx

NAMESPACE = "cl.sii.sdi.lob.diii.consdcv.data.api.interfaces.FacadeService/"
ACCEPT = "application/json, text/plain, */*"
LOGIN = "/zeusr/AUT2000/InicioAutenticacion/IngresoRutClave.html"
FACADE = "/www4/consdcvinternetui/services/data/facadeService/"


class PortalClient(AbstractContextManager["PortalClient"]):
    """One browser's worth of cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        # No TLS is spoken here, and loading certificates takes longer than a test.
        self.http = httpx.Client(base_url=address, timeout=30, verify=False)

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def log_in(self, rut: str, clave: str, destination: str = "") -> httpx.Response:
        body, dv = rut.split("-")
        form = {
            "rut": body, "dv": dv, "rutcntr": body + dv, "clave": clave, "411": "simulado",
            "referencia": destination or "http://www.sii.cl",
        }  # fmt: skip
        return self.http.post("/zeusr/cgi_AUT2000/CAutInicio.cgi", data=form)

    def enter(self, company: dict) -> "PortalClient":
        assert self.log_in(company["login_rut"], company["clave"]).status_code == 302
        return self

    def bind(self, without: str = "") -> "PortalClient":
        common = "/www4/consdcvinternetui/common-1.0/services"
        steps = {
            "index": lambda: self.http.get("/www4/consdcvinternetui/"),
            "obtieneConf": lambda: self.http.post(f"{common}/autConfDataService/obtieneConf"),
            "load": lambda: self.http.get(f"{common}/aaSessionService/load"),
            "AutTknData": lambda: self.http.get(
                "/zeusr/cgi_AUT2000/AutTknData.cgi", params={"callback": "jQuery_1"}
            ),
            "getDatosInicio": lambda: self.call("getDatosInicio", {}),
        }
        for name, step in steps.items():
            if name != without:
                step()
        return self

    def call(
        self, method: str, data: dict, accept: str = ACCEPT, **metadata: str
    ) -> httpx.Response:
        envelope = {
            "metaData": {
                "namespace": NAMESPACE + method,
                "conversationId": self.http.cookies.get("TOKEN"),
                "transactionId": str(uuid4()),
                "page": None,
            }
            | metadata,
            "data": data,
        }
        return self.http.post(FACADE + method, json=envelope, headers={"Accept": accept})


def question(company: dict, period: str = "202610", operation: str = "COMPRA", **more) -> dict:
    """The data of a summary; `more` replaces or adds."""
    body, dv = company["rut"].split("-")
    return {
        "rutEmisor": body,
        "dvEmisor": dv,
        "ptributario": period,
        "operacion": operation,
        "estadoContab": "REGISTRO",
        "busquedaInicial": True,
    } | more


def export(company: dict, operation: str = "COMPRA", **more) -> tuple[str, dict]:
    """Method and data of an export of all types."""
    asked = {
        "codTipoDoc": "0",
        "accionRecaptcha": "RCV_DDETC" if operation == "COMPRA" else "RCV_DDETV",
        "tokenRecaptcha": "t-o-k-e-n-web",
    }
    method = f"getDetalle{operation.capitalize()}Export"
    return method, question(company, operation=operation, **(asked | more))
