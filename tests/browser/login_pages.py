"""A web server with login pages that nobody has seen yet, and what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from app.infrastructure.sii.pages import Addresses

FORM = """<title>Autenticación</title><div id="alert_placeholder"></div>
<p>Si su clave está bloqueada, recupérela aquí.</p>
<form id="myform" method="post" action="/zeusr/cgi_AUT2000/CAutInicio.cgi" onsubmit="return true">
<input id="rutcntr" name="rutcntr" maxlength="12"><input id="clave" name="clave" type="password">
<button id="bt_ingresar">Ingresar</button></form>"""
LOGIN = "/zeusr/AUT2000/InicioAutenticacion/IngresoRutClave.html"
HOME = "/misiir/cgi_misii/siihome.cgi"
Answer = tuple[int, dict[str, str], str]


def page(body: str, *cookies: str, status: int = 200) -> Answer:
    """Returns a page; each cookie is a Set-Cookie header."""
    return (status, {"Set-Cookie": "\n".join(cookies)} if cookies else {}, body)


def redirect(to: str, *cookies: str) -> Answer:
    """Returns a redirect."""
    status, headers, body = page("", *cookies, status=302)
    return (status, headers | {"Location": to}, body)


class LoginPages:
    """Sends who has no TOKEN to the form; `after` decides what follows the click."""

    def __init__(self) -> None:
        self.form: Answer = page(FORM)
        self.after: Callable[[], Answer] = lambda: redirect(HOME, "TOKEN=abc; Path=/")
        self.home: Callable[[str], Answer] = lambda cookies: (
            page("Bienvenido") if "TOKEN=" in cookies else redirect(LOGIN + "?destino")
        )
        self.submitted: list[dict[str, list[str]]] = []
        self.logouts: list[str] = []  # the cookies that came along
        self.port = 0

    @property
    def addresses(self) -> Addresses:
        host = f"http://127.0.0.1:{self.port}"
        return Addresses(*(f"{host}/{name}" for name in ("zeusr", "misiir", "www4", "loa")))

    def answer(self, path: str, cookies: str, body: str) -> Answer:
        if path.startswith(HOME):
            return self.home(cookies)
        if path.startswith(LOGIN):
            return self.form
        if path.endswith("CAutInicio.cgi"):
            self.submitted.append(parse_qs(body))
            return self.after()
        if path.endswith("autTermino.cgi"):
            self.logouts.append(cookies)
            return page("Sesión cerrada")
        return page("mantención", status=404 if "favicon" in path else 200)


@contextmanager
def serving(pages: LoginPages) -> Iterator[LoginPages]:
    """Serves the pages on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            status, headers, text = pages.answer(self.path, self.headers.get("Cookie", ""), body)
            self.send_response(status)
            for name, value in headers.items():
                for line in value.split("\n"):
                    self.send_header(name, line)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pages.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
