"""The picture's geometry: everything once, inside, and nothing on top of anything else."""

from itertools import combinations

import pytest

from app.infrastructure.celery.layout import Layout
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from app.infrastructure.celery.vitals import Usage, Vitals
from app.web import figures
from app.web.picture import NARROW, WIDE, Box, Form, draw

USAGE = Usage({}, {"main": 1, "children": 1, "browsers": 0}, 0)
FORMS = {"wide": WIDE, "narrow": NARROW}


def layout_of(topology: str, copies: int, taken: dict[str, int]) -> Layout:
    """Returns a topology with so many copies of each worker, and one that has fallen silent."""
    workers = [
        Vitals(f"{worker.name}@{number}", list(worker.queues), worker.concurrency, {}, taken, USAGE)
        for worker in TOPOLOGIES[topology]
        for number in range(copies)
    ]
    lives: dict[str, bytes | None] = {vitals.node: b"working" for vitals in workers}
    return Layout(dict.fromkeys(QUEUES, 0), {}, workers, lives | {"slow@gone": None})


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("copies", [1, 3, 12])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_everything_has_its_place(topology: str, copies: int, form: Form) -> None:
    picture = draw(layout_of(topology, copies, {}), form)
    cards = {card.name: card for card in picture.cards}
    assert cards.keys() == {worker.name for worker in TOPOLOGIES[topology]} | {"slow"}
    assert len(cards["slow"].copies) == (copies + 1 if topology != "one" else 1)
    assert cards["slow"].copies[-1].state == "silent"
    takes = [(edge.queue, edge.busy) for edge in picture.edges]
    assert sorted(takes) == sorted(
        (queue, False) for worker in TOPOLOGIES[topology] for queue in worker.queues
    )
    boxes: list[Box] = [*picture.queues.values(), *picture.cards]
    for box in boxes:
        assert box.x >= 0
        assert box.x + box.width <= form.width
        assert box.y + box.height <= picture.height + 0.01
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    for card in picture.cards:
        for slot in (slot for copy in card.copies for slot in copy.slots):
            assert overlap(card, Box(slot.x, slot.y, form.slot, form.slot))
            assert slot.y + form.slot <= card.y + card.height
            assert slot.x + form.slot <= card.x + card.width


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def test_a_slot_shows_the_queue_whose_run_it_holds() -> None:
    picture = draw(layout_of("two", 1, {"high": 1, "default": 1}), WIDE)
    fast = picture.cards[0]
    assert fast.name == "fast"
    assert [slot.queue for slot in fast.copies[0].slots] == ["high", "default", None]
    assert {edge.queue for edge in picture.edges if edge.busy} == {"high", "default"}


DURATIONS = {
    0.0: "0 ms", 0.0124: "12 ms", 1.0: "1,0 s", 3.44: "3,4 s", 59.7: "1 min", 75: "1 min 15 s",
    660: "11 min", 7500: "2 h 5 min", 90_000: "1 d 1 h",
}  # fmt: skip


@pytest.mark.parametrize(("seconds", "shown"), DURATIONS.items())
def test_a_duration_is_as_short_as_people_say_it(seconds: float, shown: str) -> None:
    assert figures.duration(seconds, "es") == shown
