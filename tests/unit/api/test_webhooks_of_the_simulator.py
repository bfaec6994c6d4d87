"""The simulator's reports reach the API over real HTTP, also after an answer that got lost."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.orm import Session

from app.infrastructure.channels.whatsapp import WhatsAppChannel
from app.infrastructure.db.models import NotificationDelivery
from app.infrastructure.db.session import get_session_factory
from app.services.notifications import process_pending
from tests.simulator import Simulator, running_simulator
from tests.unit.api.test_webhooks import SECRET, meta
from tests.unit.notifications.desk import Desk
from tests.waiting import wait_until

__all__ = ["meta"]


@pytest.fixture
def simulator(url: str, meta: httpx.Client) -> Iterator[Simulator]:
    with running_simulator(
        SIMULATOR_WHATSAPP_TOKEN="token",
        SIMULATOR_WEBHOOK_URL=f"{url}/webhooks/whatsapp",
        SIMULATOR_WEBHOOK_SECRET=SECRET,
    ) as simulator:
        yield simulator


@pytest.mark.parametrize("answer_is_lost", [False, True])
def test_a_message_is_known_to_be_delivered(
    simulator: Simulator, session: Session, monkeypatch: pytest.MonkeyPatch, answer_is_lost: bool
) -> None:
    desk = Desk(get_session_factory())
    desk.template()
    (due,) = desk.due(desk.company())
    channel = WhatsAppChannel(f"{simulator.url}/whatsapp", "100000000000001", "token")
    if answer_is_lost:
        monkeypatch.setattr("app.infrastructure.channels.whatsapp.READ_TIMEOUT", 1)
        simulator.fail("/whatsapp", "late_answer", ms=3000)
    process_pending(desk.sessions, {"whatsapp": channel}, run_id=uuid4())
    channel._http().close()

    def delivery() -> NotificationDelivery | None:
        found = desk.delivery(due)
        return found if found.provider_status == "delivered" else None

    found = wait_until(delivery, what="the report")
    assert (found.status, found.attempts) == ("sent", 1)
    (message,) = simulator.messages()
    assert message["message_id"] == found.provider_id
    assert UUID(message["biz_opaque_callback_data"]) == found.id
    assert wait_until(lambda: desk.notification(due).status == "sent")
