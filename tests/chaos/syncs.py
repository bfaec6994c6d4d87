"""Long syncs at a portal that slows down, and what of them was read how often."""

from dataclasses import dataclass
from typing import Any

from tests.bundle import Bundle
from tests.scenarios.documents import stored, truth
from tests.waiting import wait_until

MONTHS = 12
WHOLE = 2  # periods that the portal gives away quickly; each later one takes a minute: ten minutes
LONG = 60_000  # ms
RECOVERY = 30  # s within which a run starts again: docs/reliability.md
SALES = "/www4/consdcvinternetui/services/data/facadeService/getDetalleVentaExport"
REGISTERS = {"COMPRA": "purchase", "VENTA": "sale", "BOLETA": "boletas", "HONORARIO": "fees"}
BEGUN = len(REGISTERS) * WHOLE + 1  # what is committed when the first slow page is asked for

Step = tuple[str, str]  # period as 2026-11, register


@dataclass(frozen=True)
class LongSync:
    """A sync that reads MONTHS periods of one company."""

    bundle: Bundle
    company: dict[str, Any]
    run_id: str

    @classmethod
    def begin(cls, bundle: Bundle, company: dict[str, Any]) -> "LongSync":
        """Returns one that has committed WHOLE periods and waits for a page of the next."""
        rule = {"path": SALES, "kind": "slow_page", "rut": company["rut"]}
        rules = [rule | {"ms": 1, "count": WHOLE}, rule | {"ms": LONG}]
        slow = bundle.simulator.post("faults", json=rules).json()[1]["id"]
        sync = cls(bundle, company, bundle.start_sync(company["id"], MONTHS))

        def is_at_slow_page() -> bool:
            rules = bundle.simulator.get("faults").json()
            return any(rule["id"] == slow and rule["hits"] for rule in rules)

        wait_until(is_at_slow_page, 120, "a page that takes long", every=0.2)
        assert len(sync.committed()) == BEGUN
        return sync

    @property
    def run(self) -> dict[str, Any]:
        """Its row in the ledger."""
        [row] = self.bundle.runs([self.run_id])
        return row

    def committed(self, before: str = "infinity") -> list[Step]:
        """Returns what it committed before an instant of the database's clock, in that order."""
        rows = self.bundle.query(
            "SELECT period, direction FROM sync_checkpoints"
            f" WHERE run_id = '{self.run_id}' AND finished_at < '{before}' ORDER BY finished_at"
        )
        return [(row["period"], row["direction"]) for row in rows]

    def readings(self) -> dict[Step, list[int]]:
        """Returns how often the portal was asked each question about each register."""
        found: dict[Step, list[int]] = {}
        for question, count in self.bundle.simulator.get("state").json()["readings"].items():
            _, rut, period, operation, _ = question.split()
            if rut == self.company["rut"]:
                step = (f"{period[:4]}-{period[4:]}", REGISTERS[operation])
                found.setdefault(step, []).append(count)
        return found

    def assert_begun_again_once(self) -> None:
        """It ends well at its second start, and what the first had committed was read once."""
        [run] = self.bundle.wait_for_runs([self.run_id], timeout=180)
        assert (run["state"], run["attempts"]) == ("succeeded", 2), run["error_message"]
        first = self.committed(before=run["started_at"])
        assert len(first) == BEGUN
        readings, committed = self.readings(), self.committed()
        assert len(committed) == len(set(committed)) == len(REGISTERS) * MONTHS
        # Boletas are not asked for where the sales count none.
        unasked = set(committed) - set(readings)
        assert {register for _, register in unasked} <= {"boletas"}
        assert set(readings) <= set(committed)
        again = {step for step, counts in readings.items() if max(counts) > 1}
        # Not nobody: the register at which the first start died shows that the portal counts.
        assert again == {(first[-1][0], "sale")}
        assert not again & set(first)

    def assert_whole(self) -> None:
        """What stands in Postgres is what the portal holds, in every period."""
        for period in {period for period, _ in self.committed()}:
            held = truth(self.bundle, self.company["rut"], period)
            assert stored(self.bundle, self.company["id"], period) == held
            assert held or period == max(self.readings())[0]  # a month that has just begun


def started_again(bundle: Bundle, run_id: str, attempt: int, killed_at: str) -> float:
    """Waits for a start of a run; returns the seconds since then by the database's clock."""
    since = (
        f"SELECT extract(epoch FROM started_at - '{killed_at}') AS seconds FROM runs"
        f" WHERE id = '{run_id}' AND attempts = {attempt}"
    )
    what = f"start {attempt} of the run"
    [row] = wait_until(lambda: bundle.query(since), 90, what, every=0.5)
    return float(row["seconds"])
