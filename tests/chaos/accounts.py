"""What became of the work: every run has ended, every effect happened once.

Effects are counted by triggers in the database, one row per business key each time it happens, and
messages to people by the simulator's own log.
"""

from collections import Counter
from dataclasses import dataclass, field

from tests.bundle import Bundle
from tests.waiting import wait_until

# One key per thing that must happen once: a run's end, a register stored by a run, a notification
# that was told.
AUDIT = """
CREATE TABLE IF NOT EXISTS chaos_effects (number bigserial, key text, at timestamptz DEFAULT now());
CREATE OR REPLACE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_effects (key) VALUES (CASE TG_TABLE_NAME
        WHEN 'runs' THEN 'end of ' || (to_jsonb(NEW) ->> 'id')
        WHEN 'sync_checkpoints' THEN 'stored ' || (to_jsonb(NEW) ->> 'run_id') || ' '
            || (to_jsonb(NEW) ->> 'period') || ' ' || (to_jsonb(NEW) ->> 'direction')
        ELSE 'told ' || (to_jsonb(NEW) ->> 'id') END);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER chaos_ends AFTER UPDATE ON runs FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at)
    EXECUTE FUNCTION chaos_note();
CREATE OR REPLACE TRIGGER chaos_born_ended AFTER INSERT ON runs FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION chaos_note();
CREATE OR REPLACE TRIGGER chaos_stored AFTER INSERT ON sync_checkpoints FOR EACH ROW
    EXECUTE FUNCTION chaos_note();
CREATE OR REPLACE TRIGGER chaos_told AFTER UPDATE ON scheduled_notifications FOR EACH ROW
    WHEN (NEW.status = 'sent' AND OLD.status <> 'sent') EXECUTE FUNCTION chaos_note();
"""
UNFINISHED = "SELECT id, task, state, attempts, worker FROM runs WHERE finished_at IS NULL"
UNTOLD = "SELECT id FROM scheduled_notifications WHERE status IN ('pending', 'processing')"


@dataclass
class Accounts:
    """The sum of it all."""

    states: Counter[str] = field(default_factory=Counter)
    ended: int = 0  # runs, since the accounts were begun
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: int = 0  # messages of which nobody can tell whether they arrived: never sent again

    @property
    def are_clean(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        return not self.lost and not self.doubled


def keep_accounts(bundle: Bundle) -> None:
    """Begins to count effects."""
    bundle.change(AUDIT)


def settle(bundle: Bundle, label: str, patience: float = 900) -> Accounts:
    """Waits until all work is done, then adds up what the database and the simulator say.

    A retry waits up to ten minutes (LoginBusy), and so does what was claimed by a run that is gone.
    """

    def is_done() -> bool:
        if bundle.query(UNTOLD):
            bundle.publish(("notifications.process_pending", "high", {}))
        return not bundle.query(UNFINISHED) and not bundle.query(UNTOLD)

    accounts = Accounts()
    try:
        wait_until(is_done, patience, "the end of all work", every=2)
    except AssertionError:
        accounts.lost += [f"run {row}" for row in bundle.query(UNFINISHED)]
        accounts.lost += [f"notification {row['id']}" for row in bundle.query(UNTOLD)]
    states = bundle.query("SELECT state, count(*) FROM runs GROUP BY state")
    accounts.states.update({row["state"]: row["count"] for row in states})
    ends = "SELECT count(*) FROM chaos_effects WHERE key LIKE 'end of %'"
    accounts.ended = bundle.query(ends)[0]["count"]
    twice = "SELECT key, count(*) FROM chaos_effects GROUP BY key HAVING count(*) > 1"
    accounts.doubled += [f"{row['key']}: {row['count']} times" for row in bundle.query(twice)]
    _count_messages(bundle, label, accounts)
    failed = "SELECT task, error_code, error_message FROM runs WHERE state = 'failed'"
    accounts.lost += [f"failed {row}" for row in bundle.query(failed)]
    return accounts


def _count_messages(bundle: Bundle, label: str, accounts: Accounts) -> None:
    """Compares what was recorded as told with what the simulator's mail server took."""
    arrived = Counter(
        str(message["subject"])
        for message in bundle.simulator.get("messages").json()
        if str(message.get("subject", "")).startswith(f"{label} ")
    )
    accounts.doubled += [f"mail {subject}" for subject, count in arrived.items() if count > 1]
    told = bundle.query(
        "SELECT status, context->>'number' AS number FROM scheduled_notifications"
        f" WHERE dedupe_key LIKE '{label}:%'"
    )
    for row in told:
        has_arrived = f"{label} {row['number']}" in arrived
        if row["status"] == "sent" and not has_arrived:
            accounts.lost.append(f"mail {row['number']}: recorded as sent, never arrived")
        elif row["status"] == "failed":
            accounts.lost.append(f"mail {row['number']}: failed")
        accounts.unknown += row["status"] == "partial"
