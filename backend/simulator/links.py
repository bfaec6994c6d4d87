"""Public addresses of the portal's hosts, here prefixes of one host."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

LOGIN_PATH = "/AUT2000/InicioAutenticacion/IngresoRutClave.html"


@dataclass(frozen=True)
class Links:
    """Where each of SII's hosts is found by whoever sent the request."""

    auth: str  # zeusr.sii.cl
    home: str  # misiir.sii.cl
    services: str  # www4.sii.cl
    receipts: str  # loa.sii.cl

    @classmethod
    def of(cls, request: Request) -> "Links":
        """The addresses as this client must write them."""
        simulator = request.app.state.simulator
        base = simulator.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return cls(f"{base}/zeusr", f"{base}/misiir", f"{base}/www4", f"{base}/loa")

    @property
    def home_page(self) -> str:
        return f"{self.home}/cgi_misii/siihome.cgi"

    @property
    def logout(self) -> str:
        return f"{self.auth}/cgi_AUT2000/autTermino.cgi"

    def login(self, destination: str) -> str:
        """The login page with the destination behind `?`, without a key, as the portal does."""
        return f"{self.auth}{LOGIN_PATH}?{destination}"

    def waiting_room(self, destination: str, seconds: int) -> str:
        """The waiting room, which leads on to the destination after some seconds."""
        query = urlencode({"c": "sii", "s": seconds, "t": destination})
        return f"{self.auth}/queue-it/?{query}"

    def owns(self, address: str) -> bool:
        """Whether an address leads to one of the portal's own hosts."""
        hosts = (self.auth, self.home, self.services, self.receipts)
        return address.startswith(tuple(f"{host}/" for host in hosts))
