"""The layout as a picture: queues, the workers that take from them, and each slot.

Geometry alone, in the units of the picture's view box; the template draws it. There are two: `wide`
has queues on the left and workers on the right; `narrow`, for a phone, has queues above workers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.infrastructure.celery.layout import Layout
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.celery.vitals import Vitals

HEAD = 46  # of a worker's card, above its copies


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Slot:
    """One process of a pool; `queue` is None while it is free."""

    x: float
    y: float
    queue: str | None


@dataclass(frozen=True)
class Copy:
    """One copy of a worker. `vitals` is None where it has fallen silent."""

    host: str
    y: float
    state: str  # alive, draining, silent
    vitals: Vitals | None
    slots: Sequence[Slot] = ()


@dataclass(frozen=True)
class Card(Box):
    """All copies of a worker."""

    name: str
    queues: Sequence[str]
    copies: Sequence[Copy]


@dataclass(frozen=True)
class Edge:
    """A worker takes from a queue; `busy` while it runs one of its runs."""

    path: str
    queue: str
    busy: bool


@dataclass(frozen=True)
class Form:
    """The measures of one kind of picture."""

    kind: str
    width: int
    queue_width: int
    queue_height: int
    queue_gap: int
    slot: int  # side of a slot's square
    slot_gap: int
    copy_text: int  # what the words of a copy take, above its slots


WIDE = Form("wide", 1120, 440, 108, 16, slot=26, slot_gap=8, copy_text=26)
NARROW = Form("narrow", 344, 108, 156, 10, slot=18, slot_gap=5, copy_text=26)


@dataclass
class Picture:
    """What the template draws."""

    form: Form
    height: float = 0
    queues: dict[str, Box] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def draw(layout: Layout, form: Form) -> Picture:
    """Returns the picture of a layout."""
    picture = Picture(form)
    groups = list(_groups(layout))
    place = _place_wide if form is WIDE else _place_narrow
    place(picture, groups)
    for card in picture.cards:
        for index, queue in enumerate(card.queues):
            busy = any(copy.vitals and copy.vitals.taken.get(queue) for copy in card.copies)
            path = _path(form, picture.queues[queue], card, (index + 1) / (len(card.queues) + 1))
            picture.edges.append(Edge(path, queue, busy))
    return picture


Group = tuple[str, list[tuple[str, str, Vitals | None]]]  # a worker; host, state, vitals


def _groups(layout: Layout) -> Iterator[Group]:
    """Yields each worker with its copies, in the order of the queues that it takes."""
    copies: dict[str, list[tuple[str, str, Vitals | None]]] = {}
    for vitals in sorted(layout.workers, key=lambda one: one.node):
        state = "draining" if layout.lives.get(vitals.node) == b"draining" else "alive"
        host = vitals.node.partition("@")[2]
        copies.setdefault(vitals.worker, []).append((host, state, vitals))
    reporting = {vitals.node for vitals in layout.workers}
    for node, sign in layout.lives.items():
        if sign is None and node not in reporting:
            name, _, host = node.partition("@")
            copies.setdefault(name, []).append((host, "silent", None))
    yield from sorted(copies.items(), key=lambda group: (_rank(group[1]), group[0]))


def _rank(copies: Sequence[tuple[str, str, Vitals | None]]) -> int:
    order = list(QUEUES)
    known = [order.index(q) for q in _queues_of(copies)]
    return min(known, default=len(order))


def _queues_of(copies: Sequence[tuple[str, str, Vitals | None]]) -> list[str]:
    taken = {queue for _, _, vitals in copies if vitals for queue in vitals.queues}
    return [queue for queue in QUEUES if queue in taken]


def _place_wide(picture: Picture, groups: Sequence[Group]) -> None:
    form = picture.form
    left = form.width - form.queue_width
    heights = [_card(group, Box(left, 0, form.queue_width, 0), form).height for group in groups]
    queues = len(QUEUES) * (form.queue_height + form.queue_gap) - form.queue_gap
    cards = sum(heights) + form.queue_gap * max(len(heights) - 1, 0)
    picture.height = max(queues, cards)
    y = (picture.height - queues) / 2
    for name in QUEUES:
        picture.queues[name] = Box(0, y, form.queue_width, form.queue_height)
        y += form.queue_height + form.queue_gap
    y = (picture.height - cards) / 2
    for group, height in zip(groups, heights, strict=True):
        picture.cards.append(_card(group, Box(left, y, form.queue_width, 0), form))
        y += height + form.queue_gap


def _place_narrow(picture: Picture, groups: Sequence[Group]) -> None:
    form = picture.form
    for index, name in enumerate(QUEUES):
        x = index * (form.queue_width + form.queue_gap)
        picture.queues[name] = Box(x, 0, form.queue_width, form.queue_height)
    y: float = form.queue_height + 56
    picture.height = form.queue_height
    for start in range(0, len(groups), 3):
        row = groups[start : start + 3]
        width = (form.width - form.queue_gap * (len(row) - 1)) / len(row)
        boxes = (Box(index * (width + form.queue_gap), y, width, 0) for index in range(len(row)))
        cards = [_card(group, box, form) for group, box in zip(row, boxes, strict=True)]
        picture.cards += cards
        picture.height = max(card.y + card.height for card in cards)
        y = picture.height + 24


def _card(group: Group, place: Box, form: Form) -> Card:
    name, found = group
    pad = 14 if form is NARROW else 20
    step = form.slot + form.slot_gap
    a_row = max(int((place.width - 2 * pad + form.slot_gap) // step), 1)
    y = place.y + HEAD
    copies = []
    for host, state, vitals in found:
        filled = _filled(vitals) if vitals else []
        top = y + form.copy_text
        slots = [
            Slot(place.x + pad + step * (index % a_row), top + step * (index // a_row), queue)
            for index, queue in enumerate(filled)
        ]
        copies.append(Copy(host, y, state, vitals, slots))
        rows = -(-len(filled) // a_row)
        y = top + step * rows + 8
    return Card(place.x, place.y, place.width, y + 4 - place.y, name, _queues_of(found), copies)


def _filled(vitals: Vitals) -> list[str | None]:
    """Returns what each slot holds, the free ones last."""
    taken = [queue for queue in QUEUES for _ in range(vitals.taken.get(queue, 0))]
    return [*taken, *[None] * max(vitals.concurrency - len(taken), 0)]


def _path(form: Form, queue: Box, card: Card, share: float) -> str:
    """Returns a calm curve from a queue to its share of a card's edge."""
    if form is WIDE:
        x1, y1 = queue.x + queue.width, queue.y + queue.height / 2
        x2, y2 = card.x, card.y + card.height * share
        middle = (x1 + x2) / 2
        return f"M{x1:g},{y1:g} C{middle:g},{y1:g} {middle:g},{y2:g} {x2:g},{y2:g}"
    x1, y1 = queue.x + queue.width / 2, queue.height
    x2, y2 = card.x + card.width * share, card.y
    middle = (y1 + y2) / 2
    return f"M{x1:g},{y1:g} C{x1:g},{middle:g} {x2:g},{middle:g} {x2:g},{y2:g}"
