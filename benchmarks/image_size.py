"""Sizes of the two images against the least that they could hold."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import Result
from benchmarks.stage import ROOT, SELENIUM, SLIM, base_image, docker, image_bytes

MIB = 2**20
CHROME = ("chromium", "chromium-driver")


def slim_size() -> Result:
    """Compares the slim image with its base plus the locked wheels, unpacked, not compiled."""
    least = image_bytes(base_image("PYTHON_IMAGE")) + _unpacked_bytes("runtime.txt")
    what = "slim image / (base + locked wheels unpacked)"
    return Result(what, image_bytes(SLIM) / MIB, least / MIB, "MiB", most=1.1)


def selenium_size() -> Result:
    """Compares the selenium image with slim plus Debian's closure of Chromium and the fonts."""
    least = image_bytes(SLIM) + _closure_bytes()
    what = "selenium image / (slim + Debian's closure of chromium, chromium-driver, fonts)"
    return Result(what, image_bytes(SELENIUM) / MIB, least / MIB, "MiB", most=1.05)


def _unpacked_bytes(lock: str) -> int:
    with tempfile.TemporaryDirectory() as target:
        subprocess.run(
            [
                sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps",
                "--require-hashes", "--python-version", _python_version(), "--link-mode", "copy",
                "--target", target, "-r", str(ROOT / "requirements" / lock),
            ],
            check=True,
        )  # fmt: skip
        return sum(path.lstat().st_size for path in Path(target).rglob("*") if not path.is_dir())


def _python_version() -> str:
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    return docker("run", "--rm", SLIM, "python", "-c", script)


def _closure_bytes() -> int:
    """Adds up `Installed-Size` of what Chromium, its driver and the fonts need and slim lacks.

    Read from the images' own dpkg status, so that versions are those installed; a package outside
    of the closure counts against the image.
    """
    had, has = _packages(SLIM), _packages(SELENIUM)
    waiting = [*CHROME, *(name for name in has if name.startswith("fonts-"))]
    closure: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in has and name not in closure and name not in had:
            closure.add(name)
            waiting += _needed(has[name], has)
    return 1024 * sum(int(has[name]["Installed-Size"]) for name in closure)


def _packages(image: str) -> dict[str, dict[str, str]]:
    status = docker("run", "--rm", "--entrypoint=cat", image, "/var/lib/dpkg/status")
    stanzas = (
        dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        for stanza in status.split("\n\n")
    )
    return {
        stanza["Package"]: stanza
        for stanza in stanzas
        if stanza.get("Status") == "install ok installed"
    }


def _needed(stanza: dict[str, str], has: dict[str, dict[str, str]]) -> list[str]:
    provided = {
        virtual.split("(")[0].strip(): name
        for name, other in has.items()
        for virtual in other.get("Provides", "").split(",")
    }
    wanted = f"{stanza.get('Depends', '')},{stanza.get('Pre-Depends', '')}".replace("|", ",")
    names = (clause.split("(")[0].split(":")[0].strip() for clause in wanted.split(","))
    return [
        name if name in has else provided[name] for name in names if name in has or name in provided
    ]
