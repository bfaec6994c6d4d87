"""How long a run may last, and that nothing delivers it a second time meanwhile."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.infrastructure.celery.task import LONGEST_WAIT
from app.infrastructure.celery.topology import QUEUES, TASKS, VISIBILITY_TIMEOUT

BACKEND = Path(__file__).resolve().parents[2] / "backend"

LESS_THAN_THE_QUEUE = {  # a fan-out or a clean-up that takes longer hangs
    "calendar.sync_company": (60, 90),  # domain.md, section 11, as all of these
    "calendar.sync_all_companies": (120, 150),
    "calendar.activate_mandatory_events": (60, 90),
    "calendar.assign_auto_notifications": (60, 90),
    "memory.save_user_memories": (120, 180),
    "memory.save_company_memories": (120, 180),
    "memory.save_onboarding_memories": (180, 240),
    "sii.sync_documents_all_companies": (120, 150),
    "sii.sync_f29": (1500, 1800),
    "sii.sync_f29_all_companies": (120, 150),
    "sii.sync_f29_pdfs_missing": (900, 1200),
    "sii.sync_f29_pdfs_missing_all_companies": (120, 150),
    "whatsapp.cleanup_old_sessions": (60, 90),
}

# In a process of its own: Celery would give tasks that are imported here to every app of the tests.
SHOW_LIMITS = """
import json
from app.infrastructure.celery import app
app.loader.import_default_modules()
print(json.dumps({name: [t.soft_time_limit, t.time_limit] for name, t in app.tasks.items()}))
"""


@pytest.fixture(scope="module")
def limits() -> dict[str, tuple[int, int]]:
    command = [sys.executable, "-c", SHOW_LIMITS]
    shown = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=True)
    return {name: tuple(both) for name, both in json.loads(shown.stdout).items()}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_its_own_limits_or_those_of_its_queue(
    limits: dict[str, tuple[int, int]], name: str
) -> None:
    queue = QUEUES[TASKS[name]]
    of_the_queue = (queue.soft_time_limit, queue.time_limit)
    assert limits[name] == LESS_THAN_THE_QUEUE.get(name, of_the_queue)


@pytest.mark.parametrize("name", TASKS)
def test_a_run_that_waited_for_its_retry_ends_before_it_is_delivered_again(
    limits: dict[str, tuple[int, int]], name: str
) -> None:
    assert LONGEST_WAIT + limits[name][1] < VISIBILITY_TIMEOUT
