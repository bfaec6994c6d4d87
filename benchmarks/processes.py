"""Processes of the container that a benchmark runs in."""

from pathlib import Path


def pss_mib(process: Path) -> float:
    """Returns the MiB that are a process' own share, of its directory in /proc. Raises OSError."""
    lines = (process / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
