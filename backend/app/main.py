"""The API: `gunicorn -k uvicorn_worker.UvicornWorker app.main:app`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi_swagger import patch_fastapi

from app import __version__, bootstrap, tracing
from app.api import (
    boletas,
    calendar,
    calendar_feed,
    companies,
    documents,
    f29,
    fees,
    health,
    holidays,
    memories,
    notifications,
    onboarding,
    runs,
    syncs,
    users,
    webhooks,
)
from app.api.access_log import AccessLog, request_context
from app.api.answers import UNAUTHENTICATED, describe
from app.api.desk import Desk
from app.api.gate import Gate, api_key_header
from app.api.problems import show_problems
from app.api.readiness import Readiness
from app.errors import ConfigurationError
from app.infrastructure.health import check_postgres, check_redis
from app.logs import configure_logging
from app.services.companies import Encrypts
from app.services.outbox import Publisher
from app.services.pdf_storage import PdfStores
from app.settings import get_settings
from app.web.pages import add_operations_page

DESCRIPTION = """
Companies, their documents in SII's registers, and the runs that fetch them.

* Every request carries `X-API-Key`, except those for health, for these pages, for a calendar feed,
  whose link carries a token, for a provider's webhook, whose body is signed, and for the page
  `/ops`, where people sign in.
* Every error is a problem (RFC 9457, `application/problem+json`) with a stable `code`; the values
  that were refused stand in `errors`. After 503 the same request may succeed: see `Retry-After`.
* Amounts are integer pesos, times are UTC in ISO 8601, RUTs look like `12345678-5`.
* Lists come in pages: ask again with `cursor=` the page's `next_cursor` until that is null.
"""
TAGS = [
    {"name": "companies", "description": "Taxpayers, and their logins at SII."},
    {"name": "documents", "description": "Purchases and sales (RCV), boletas and honorarios."},
    {"name": "calendar", "description": "What is due and when, and the facts that decide it."},
    {"name": "f29", "description": "Monthly tax returns (F29) and their PDFs."},
    {"name": "memories", "description": "What the assistant knows of people and companies."},
    {"name": "notifications", "description": "People, and what they are told."},
    {"name": "runs", "description": "What the workers do, did or are going to do."},
    {"name": "health", "description": "For those who watch over the process. No key needed."},
]

BEFORE_VERSIONS = (companies, syncs, documents, runs)
PARTS = (
    *BEFORE_VERSIONS,
    *(boletas, fees, onboarding, f29, calendar, calendar_feed, holidays, memories),
    *(users, notifications),
)


def create_app(
    publisher: Callable[[], Publisher] = bootstrap.publisher,
    cipher: Callable[[], Encrypts] = bootstrap.cipher,
    pdf_stores: Callable[[], PdfStores] = bootstrap.pdf_stores,
) -> FastAPI:
    """Returns the API. Tests pass their own makers of ports."""
    app = FastAPI(
        title="Fiscal",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        # Requests become spans once tracing.set_up was called; nothing else leaves this process.
        telemetry={
            "auto_configure": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "exclude": lambda scope: scope["path"].startswith("/health/"),
        },
    )
    app.state.desk = Desk(_readiness(), publisher, cipher, pdf_stores)
    app.include_router(health.router)
    app.include_router(calendar_feed.open_router, prefix="/v1")
    app.include_router(webhooks.router)  # its address stands in the provider's settings
    for part in PARTS:
        app.include_router(
            part.router,
            prefix="/v1",
            dependencies=[Depends(api_key_header)],
            responses=UNAUTHENTICATED,
        )
    for part in BEFORE_VERSIONS:  # where they were before there was a version
        app.include_router(part.router, include_in_schema=False)
    add_operations_page(app, app.state.desk)
    patch_fastapi(app, redirect_from_root_to_docs=False)  # /docs without a CDN
    app.openapi = partial(describe, app)  # type: ignore[method-assign] # FastAPI's way
    show_problems(app)
    app.add_middleware(Gate, keys=_api_keys)
    app.add_middleware(AccessLog)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _api_keys() -> list[str]:
    keys = [key.strip() for key in get_settings().require("api_keys").split(",")]
    if not any(keys):
        raise ConfigurationError("API_KEYS holds no key; write one or more, joined by commas.")
    return [key for key in keys if key]


def _readiness() -> Readiness:
    return Readiness(
        {
            "postgres": lambda: check_postgres(get_settings().require("database_url")),
            "redis": lambda: check_redis(get_settings().require("redis_url")),
        }
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Refuses to start without what every request needs; imports Celery before the first start,
    which has no second to spare for it."""
    _log_as_json()
    for name in ("database_url", "redis_url"):
        get_settings().require(name)
    _api_keys()
    desk: Desk = app.state.desk
    await asyncio.gather(asyncio.to_thread(desk.publisher), asyncio.to_thread(desk.cipher))
    desk.pdf_stores()
    tracing.set_up("fiscal-api")
    yield
    await asyncio.to_thread(tracing.flush)


def _log_as_json() -> None:
    """The servers' own loggers, too. uvicorn's access log has queries; ours replaces it."""
    configure_logging(logging.INFO, request_context)
    for name in ("uvicorn", "uvicorn.error", "gunicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True


app = create_app()
