"""One run in a process of its own: `python -m tests.unit.notifications.runner URL BATCH`."""

import json
import sys
from uuid import uuid4

from app.infrastructure.channels.whatsapp import WhatsAppChannel
from app.infrastructure.db.session import get_session_factory
from app.services.notifications import process_pending

if __name__ == "__main__":
    channel = WhatsAppChannel(sys.argv[1], "100200300", "token")
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    counts = process_pending(
        get_session_factory(), {"whatsapp": channel}, run_id=uuid4(), batch=int(sys.argv[2])
    )
    print(json.dumps(counts), flush=True)  # noqa: T201
