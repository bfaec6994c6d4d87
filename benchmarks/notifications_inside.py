"""Inside a container: `python -m benchmarks.notifications_inside send|ours|bare`."""

import asyncio
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from app.infrastructure.channels.whatsapp import WhatsAppChannel
from app.infrastructure.db.session import get_session_factory
from app.services.notifications import process_pending
from benchmarks.notifications import NUMBER, PARALLEL, SECONDS

ROUNDS = 40
ANSWER = b'{"messages": [{"id": "wamid.%d"}]}'
MAKE = """
    TRUNCATE notification_deliveries, scheduled_notifications, memberships CASCADE;
    DELETE FROM companies WHERE rut = '76999999-0';
    INSERT INTO notification_templates (code, subject, body, whatsapp_template,
        whatsapp_parameters) VALUES ('bench', 'F29', 'Vence el {{ due }}', 'bench', '["due"]')
        ON CONFLICT DO NOTHING;
    INSERT INTO users (id, email, full_name, phone)
        VALUES (gen_random_uuid(), 'bench@pyme.example', 'Ana', '+56987654321')
        ON CONFLICT DO NOTHING;
    INSERT INTO companies (id, rut, business_name)
        VALUES (gen_random_uuid(), '76999999-0', 'Ferretería');
    INSERT INTO memberships (user_id, company_id)
        SELECT u.id, c.id FROM users u, companies c
        WHERE u.email = 'bench@pyme.example' AND c.rut = '76999999-0';
    INSERT INTO scheduled_notifications
        (id, dedupe_key, company_id, template_code, context, scheduled_for)
        SELECT gen_random_uuid(), n::text, c.id, 'bench', '{"due": "12/11/2026"}', now()
        FROM companies c, generate_series(1, :number) n WHERE c.rut = '76999999-0';
"""


class Provider:
    """Answers each request after 50 ms; refuses to be asked more than 20 at a time."""

    def __init__(self) -> None:
        self.port = 0
        self.now = self.most = self.total = 0
        self.started = threading.Event()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.now += 1
            self.total += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(SECONDS)
            self.now -= 1
            body = ANSWER % self.total
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def send() -> None:
    """Prints the seconds for all, and the sender's MiB after a tenth and after all."""
    import subprocess

    provider = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.notifications_inside", "provider"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert provider.stdout is not None
    channel = WhatsAppChannel(f"http://127.0.0.1:{provider.stdout.readline().strip()}", "1", "t")
    sessions = get_session_factory()
    fill(NUMBER)
    process_pending(sessions, {"whatsapp": channel}, run_id=uuid4(), batch=PARALLEL)  # warm
    fill(NUMBER)
    early = 0.0
    began = time.perf_counter()
    done = 0
    while True:
        counts = process_pending(sessions, {"whatsapp": channel}, run_id=uuid4(), batch=500)
        done += counts["sent"]
        early = early or (_mib() if done >= NUMBER // 10 else 0.0)
        if not counts["remaining"]:
            break
    took = time.perf_counter() - began
    provider.kill()
    assert done == NUMBER, done
    print(took, early, _mib())


def fill(number: int) -> None:
    with get_session_factory().begin() as session:
        for statement in MAKE.split(";\n"):
            if statement.strip():
                values = {"number": number} if ":number" in statement else {}
                session.execute(text(statement), values)


def _mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("no VmRSS")


def cpu_of(work: Callable[[UUID], object]) -> None:
    """Prints the CPU milliseconds of one call, warm."""
    for _ in range(5):
        work(uuid4())
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(ROUNDS):
        work(uuid4())
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(used / ROUNDS * 1000)


def nothing_due(run_id: UUID) -> object:
    channel = WhatsAppChannel("http://127.0.0.1:1", "1", "t")
    return process_pending(get_session_factory(), {"whatsapp": channel}, run_id=run_id)


def bare(_: UUID) -> object:
    """What any run that touches the database costs: one transaction."""
    with get_session_factory().begin() as session:
        return session.execute(text("SELECT 1")).one()


def provide() -> None:
    provider = Provider()
    threading.Thread(target=provider.run, daemon=True).start()
    provider.started.wait()
    print(provider.port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        fill(0)
    {
        "send": send,
        "provider": provide,
        "ours": lambda: cpu_of(nothing_due),
        "bare": lambda: cpu_of(bare),
    }[sys.argv[1]]()
