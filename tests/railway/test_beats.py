"""Railway starts the new container before it stops the old one: for a while there are two beats."""

from tests.railway.runner import Container, Project
from tests.waiting import wait_until

CLEANUP = "task = 'whatsapp.cleanup_old_sessions'"
MAKE_DUE = f"""
UPDATE celery_periodictask SET last_run_at = now() - interval '3 hours' WHERE {CLEANUP};
UPDATE celery_periodictaskchanged SET last_update = now();
"""


def fired(project: Project) -> int:
    """Returns how often beat fired the entry, by its own count."""
    (count,) = project.stores.query(
        f"SELECT total_run_count FROM celery_periodictask WHERE {CLEANUP}"
    )
    return int(count)


def look_twice(beat: Container) -> None:
    """Returns after two more loops of a beat, each of which would fire what is due."""
    for _ in range(2):
        last = heartbeat(beat)
        wait_until(lambda last=last: heartbeat(beat) > last, what="the next loop")


def heartbeat(beat: Container) -> float:
    return float(beat.execute("stat", "--format", "%.Y", "/tmp/heartbeat"))


def test_two_overlapping_beats_fire_once_and_the_new_one_takes_over(project: Project) -> None:
    stores = project.stores
    before, waiting = fired(project), stores.depth("default")
    old = project.start("beat")
    wait_until(lambda: "beat: running" in old.log(), timeout=60, what="the old beat")
    new = project.start("beat")
    wait_until(lambda: "this one waits" in new.log(), timeout=60, what="the new beat waits")

    stores.query(MAKE_DUE)
    wait_until(lambda: fired(project) == before + 1, what="the entry fired")
    look_twice(old)
    look_twice(new)
    assert stores.depth("default") == waiting + 1

    assert old.stop() == 0
    wait_until(lambda: "beat: running" in new.log(), what="the new beat takes over")
    look_twice(new)
    assert stores.depth("default") == waiting + 1  # nothing is due: the old one's work is kept
    stores.query(MAKE_DUE)
    wait_until(lambda: stores.depth("default") == waiting + 2, what="the entry fired again")
    assert new.stop() == 0
