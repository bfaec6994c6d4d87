"""Builds the simulator: `uvicorn simulator.main:app --port 8080`, run from backend/."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from simulator import admin, mem0, whatsapp
from simulator.mail import start_mail_sink
from simulator.middleware import Interference
from simulator.portal import (
    authentication,
    boletas,
    f29,
    facade,
    fees,
    home,
    large_exports,
    pages,
    rcv,
)
from simulator.settings import Settings
from simulator.state import Simulator


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    simulator: Simulator = app.state.simulator
    settings = simulator.settings
    server = await start_mail_sink(simulator.sink, settings.smtp_host, settings.smtp_port)
    simulator.smtp_port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        # Not `async with`: since Python 3.12 that waits for every client to hang up.
        server.close()


async def _front_page(request: Request) -> Response:
    return pages.render(request, "front.html")


async def _as_json(_request: Request, error: Exception) -> Response:
    detail, status = getattr(error, "detail", ""), getattr(error, "status_code", 500)
    return JSONResponse({"detail": detail}, status)


_WWW4 = [
    *facade.routes,
    *large_exports.routes,
    *boletas.routes,
    *rcv.routes,
    *f29.routes,
]


def create_app(settings: Settings) -> Starlette:
    """The ASGI application with a state of its own."""
    simulator = Simulator(settings)
    app = Starlette(
        routes=[
            Route("/", _front_page),
            Mount("/zeusr", routes=authentication.routes),
            Mount("/misiir", routes=home.routes),
            Mount("/www4", routes=_WWW4),
            Mount("/loa", routes=fees.routes),
            Mount("/whatsapp", routes=whatsapp.routes),
            Mount("/mem0", routes=mem0.routes),
            Mount("/__sim__", routes=admin.routes),
        ],
        middleware=[Middleware(Interference, simulator=simulator)],
        exception_handlers={HTTPException: _as_json},
        lifespan=_lifespan,
    )
    app.state.simulator = simulator
    return app


app = create_app(Settings.from_environment())
