"""Public addresses of the portal's three hosts, here prefixes of one host."""

from dataclasses import dataclass

from starlette.requests import Request

LOGIN_PATH = "/AUT2000/InicioAutenticacion/IngresoRutClave.html"


@dataclass(frozen=True)
class Links:
    """Where each of SII's hosts is found by whoever sent the request."""

    auth: str  # zeusr.sii.cl
    home: str  # misiir.sii.cl
    services: str  # www4.sii.cl

    @classmethod
    def of(cls, request: Request) -> "Links":
        """The addresses as this client must write them."""
        simulator = request.app.state.simulator
        base = simulator.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return cls(f"{base}/zeusr", f"{base}/misiir", f"{base}/www4")

    @property
    def home_page(self) -> str:
        return f"{self.home}/cgi_misii/siihome.cgi"

    @property
    def logout(self) -> str:
        return f"{self.auth}/cgi_AUT2000/autTermino.cgi"

    def login(self, destination: str) -> str:
        """The login page with the destination behind `?`, without a key, as the portal does."""
        return f"{self.auth}{LOGIN_PATH}?{destination}"

    def owns(self, address: str) -> bool:
        """Whether an address leads to one of the portal's own hosts."""
        return address.startswith((f"{self.auth}/", f"{self.home}/", f"{self.services}/"))
