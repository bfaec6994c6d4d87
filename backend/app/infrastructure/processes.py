"""Processes of this container as /proc shows them: whose they are, what they take."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """One process. Times in seconds of CPU, memory (RSS) in bytes.

    `reaped_cpu` is what its children took that have ended and were waited for.
    """

    pid: int
    parent: int
    name: str
    cpu: float
    reaped_cpu: float
    memory: int


def family(pid: int, proc: Path = PROC) -> list[Process]:
    """Returns a process and all its descendants, itself first; empty where it is gone."""
    found = {each.pid: each for each in _all(proc)}
    children: dict[int, list[Process]] = defaultdict(list)
    for each in found.values():
        children[each.parent].append(each)
    members = [found[pid]] if pid in found else []
    for member in members:  # grows while it is walked
        members += children[member.pid]
    return members


def _all(proc: Path) -> Iterator[Process]:
    for entry in os.scandir(proc):
        if entry.name.isdecimal():
            try:
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended while this looked
            yield _parsed(text)


def _parsed(stat: str) -> Process:
    # proc(5). The name stands in parentheses and may hold anything, parentheses too.
    pid, _, rest = stat.partition(" (")
    name, _, tail = rest.rpartition(") ")
    fields = tail.split()
    user, system, reaped_user, reaped_system = (int(each) / _TICKS for each in fields[11:15])
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        name=name,
        cpu=user + system,
        reaped_cpu=reaped_user + reaped_system,
        memory=int(fields[21]) * _PAGE,
    )
