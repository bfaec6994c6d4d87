"""Pages out of templates; whatever is put into one is escaped."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.services.cancelling import STOPPABLE
from app.services.sign_ins import SignedIn
from app.web import chart, figures, picture
from app.web.board import OBJECTIVES, QUEUE_NAMES, Board
from app.web.words import LANGUAGES, Words

HERE = Path(__file__).parent
STATIC = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}
VERSION = sha256(b"".join(STATIC[name] for name in sorted(STATIC))).hexdigest()[:12]
PARTS = ("picture", "waits", "running", "waiting", "failures", "schedule")

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.globals |= {
    "version": VERSION,
    "languages": LANGUAGES,
    "queues": QUEUE_NAMES,
    "stoppable": STOPPABLE,
    "objectives": OBJECTIVES,
    "mebibytes": figures.mebibytes,
}


def page(template: str, words: Words, status: int = 200, **values: Any) -> HTMLResponse:
    """Returns a page in a language."""
    text = _templates.get_template(template).render(words=words, **values)
    return HTMLResponse(text, status)


def parts_of(board: Board, words: Words, visitor: SignedIn) -> Mapping[str, str]:
    """Returns each part of the board as HTML, by its name."""
    language = words.language
    values = {
        "words": words,
        "board": board,
        "may_act": visitor.may_act,
        "duration": partial(figures.duration, language=language),
        "number": partial(figures.number, language=language),
        "clock": partial(figures.clock, now=board.at),
        "ago": lambda moment: figures.duration(
            max((board.at - moment).total_seconds(), 0.0), language
        ),
        "pictures": [picture.draw(board.layout, form) for form in (picture.WIDE, picture.NARROW)]
        if board.layout
        else [],
        "charts": {
            name: chart.chart_of(board.waits, name, OBJECTIVES[name]) for name in QUEUE_NAMES
        },
        "chart": chart,
    }
    return {
        name: Markup(_templates.get_template(f"parts/{name}.html").render(values))  # noqa: S704 (escaped by the template)
        for name in PARTS
    }
