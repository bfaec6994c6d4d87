"""A measured ratio, its goal, and the page that keeps them all."""

import platform
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.stage import ROOT, SLIM, docker, mounted_code

PAGE = ROOT / "benchmarks" / "RESULTS.md"
PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg")


@dataclass(frozen=True)
class Result:
    """Ours against the baseline of the same run; a goal is the most or the least of the ratio."""

    what: str
    ours: float
    baseline: float
    unit: str
    most: float | None = None
    least: float | None = None
    digits: int = 2  # of the ratio

    @property
    def ratio(self) -> float:
        """Ours divided by the baseline."""
        return self.ours / self.baseline

    @property
    def meets_goal(self) -> bool:
        """Whether the ratio, as printed, keeps the goal."""
        shown = round(self.ratio, self.digits)
        return (self.most is None or shown <= self.most) and (
            self.least is None or shown >= self.least
        )

    @property
    def row(self) -> str:
        """The Markdown table row."""
        goal = f"<= {self.most}" if self.most is not None else f">= {self.least}"
        verdict = "met" if self.meets_goal else "**missed**"
        return (
            f"| {self.what} | {self.ours:.2f} {self.unit} | {self.baseline:.2f} {self.unit} |"
            f" {self.ratio:.{self.digits}f} | {goal} | {verdict} |"
        )


def alternating_medians(
    measure: Callable[[str], float], rounds: int, baseline: str = "bare"
) -> tuple[float, float]:
    """Returns the medians of ours and of the baseline, measured in turn: noise hits both."""
    measured: dict[str, list[float]] = {"ours": [], baseline: []}
    for number in range(rounds):
        for kind in ("ours", baseline) if number % 2 == 0 else (baseline, "ours"):
            measured[kind].append(measure(kind))
            print(f"  {kind} {measured[kind][-1]:.3f}", flush=True)
    return statistics.median(measured["ours"]), statistics.median(measured[baseline])


def keep(results: list[Result]) -> None:
    """Appends a table to RESULTS.md, with the machine, the load and the versions."""
    lines = [
        f"\n## {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n\n{_machine()}\n{_versions()}\n",
        "| what | ours | baseline | ratio | goal | |\n|---|---|---|---|---|---|",
        *(result.row for result in results),
    ]
    with PAGE.open("a", encoding="utf-8") as page:
        page.write("\n".join(lines) + "\n")


def _machine() -> str:
    import os

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Machine: {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" Linux {platform.release()}, load {os.getloadavg()[0]:.1f} when it ended."
        f" Commit {_commit()}."
    )


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    return done.stdout.strip() or "unknown"


def _versions() -> str:
    script = (
        "import platform, importlib.metadata as m;"
        f"names = [p + ' ' + m.version(p) for p in {PACKAGES}];"
        "print('Python ' + platform.python_version(), *names, sep=', ')"
    )
    engine = docker("version", "--format", "{{.Server.Version}}")
    mounted = " The code was mounted (BENCH_CODE), not the images' own." if mounted_code() else ""
    versions = docker("run", "--rm", SLIM, "python", "-c", script)
    return f"Slim image: {versions}; engine {engine}.{mounted}"
