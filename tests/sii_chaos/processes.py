"""Browsers that outlived their run."""

import os
from contextlib import suppress
from pathlib import Path


def left_over(scratch: Path) -> list[str]:
    """Returns a sentence for each browser's process, or profile, that is still there.

    `scratch` is where this process and its children keep temporary files, and nobody else.
    """
    found = [f"left behind: {path.name}" for path in scratch.glob("chromium-*")]
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        with suppress(OSError):  # gone in between
            said = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            is_dead = ") Z " in (entry / "stat").read_text()
            if str(scratch).encode() + b"/chromium-" in said and not is_dead:
                found.append(f"still running: {(entry / 'comm').read_text().strip()}")
    return found
