"""How long a run may last, and that nothing delivers it a second time meanwhile."""

import pytest

from app.infrastructure.celery import app
from app.infrastructure.celery.task import LONGEST_WAIT
from app.infrastructure.celery.topology import QUEUES, TASKS, VISIBILITY_TIMEOUT

app.loader.import_default_modules()

LESS_THAN_THE_QUEUE = {  # a fan-out or a clean-up that takes longer hangs
    "sii.sync_documents_all_companies": (120, 150),
    "whatsapp.cleanup_old_sessions": (60, 90),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_its_own_limits_or_those_of_its_queue(name: str) -> None:
    queue, task = QUEUES[TASKS[name]], app.tasks[name]
    of_the_queue = (queue.soft_time_limit, queue.time_limit)
    assert (task.soft_time_limit, task.time_limit) == LESS_THAN_THE_QUEUE.get(name, of_the_queue)


@pytest.mark.parametrize("name", TASKS)
def test_a_run_that_waited_for_its_retry_ends_before_it_is_delivered_again(name: str) -> None:
    assert LONGEST_WAIT + app.tasks[name].time_limit < VISIBILITY_TIMEOUT
