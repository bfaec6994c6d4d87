"""Renders the portal's HTML; every page carries the banner that it is a simulator."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from simulator.faults import kind_met
from simulator.links import Links

ROOT = Path(__file__).resolve().parent.parent
_TEMPLATES = Jinja2Templates(directory=ROOT / "templates")


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page from a template, which also knows the portal's addresses as `links`."""
    met = getattr(request.state, "fault", None)
    fault = {"fault": kind_met(request), "fault_ms": met.ms if met else 0}
    context = {"links": Links.of(request), **fault, **values}
    return _TEMPLATES.TemplateResponse(request, template, context, status_code=status)
