"""The two Dockerfiles build alone, yet share one build cache and one way to start."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLIM, SELENIUM = ROOT / "Dockerfile", ROOT / "Dockerfile.selenium"
BASES = sorted((ROOT / "deploy" / "airgap").glob("*/Dockerfile"))
IMAGES = pytest.mark.parametrize("path", [SLIM, SELENIUM], ids=lambda path: path.name)
EVERY_FILE = pytest.mark.parametrize(
    "path", [SLIM, SELENIUM, *BASES], ids=lambda path: str(path.relative_to(ROOT))
)

# Newer than the Dockerfile frontend of engine 20.10, or pulled from a registry.
FORBIDDEN = {
    "a heredoc": r"^\s*(RUN|COPY|ADD)\b.*<<-?\s*[\"']?\w",
    "COPY --link": r"^\s*(COPY|ADD)\b.*--link\b",
    "COPY --parents or --exclude": r"^\s*(COPY|ADD)\b.*--(parents|exclude)\b",
    "a syntax line": r"^#\s*(syntax|check)\s*=",
    "the tag latest": r":latest\b",
}


def part(path: Path, title: str) -> str:
    """Returns the lines from the one that opens `title` with >>> to the one that closes it."""
    found = re.findall(rf"^# >>> {title}.*?^# <<< {title}.*?$", path.read_text(), re.M | re.S)
    assert len(found) == 1, f"{path.name} has {len(found)} parts named {title!r}"
    return str(found[0])


def instructions(path: Path, word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", path.read_text(), re.M)


@pytest.mark.parametrize("title", ["The same lines in Dockerfile and Dockerfile.selenium", "Last"])
def test_both_images_share_a_part_line_for_line(title: str) -> None:
    assert part(SLIM, title) == part(SELENIUM, title)


@IMAGES
def test_the_shared_part_comes_before_every_other_instruction(path: Path) -> None:
    before, _ = path.read_text().split("# >>> The same lines")
    assert [line for line in before.splitlines() if line and not line.startswith("#")] == []


@IMAGES
def test_nothing_is_installed_after_the_code(path: Path) -> None:
    final = re.split(r"^FROM runtime AS \w+$", path.read_text(), flags=re.M)[1]
    after_code = re.split(r"^FROM ", final, flags=re.M)[0].split("COPY --from=code", 1)[1]
    assert not re.search(r"^(RUN|COPY|ADD)", after_code, re.M)


@IMAGES
def test_tini_is_pid_1_and_leaves_the_group_alone(path: Path) -> None:
    entrypoints = [json.loads(found) for found in instructions(path, "ENTRYPOINT")]
    assert entrypoints == [["tini", "--", "docker-entrypoint.sh"]]


@IMAGES
def test_the_user_is_a_fixed_number_and_not_root(path: Path) -> None:
    assert instructions(path, "USER") == ["10001:10001"]


@IMAGES
def test_every_install_checks_hashes_and_needs_no_compiler(path: Path) -> None:
    installs = re.findall(r"/opt/pip/bin/pip (?:.*\\\n)*.*", path.read_text())
    assert installs
    for install in installs:
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())


def test_the_slim_image_is_the_last_stage_and_takes_nothing_of_the_simulator() -> None:
    assert instructions(SLIM, "FROM")[-1] == "app AS slim"
    before = SLIM.read_text().split("\nFROM wheels AS simulator-wheels")[0]
    assert not re.search(r"^(COPY|RUN|ADD).*simulator", before, re.M)


@EVERY_FILE
@pytest.mark.parametrize("feature", FORBIDDEN)
def test_nothing_is_newer_than_engine_20_10_or_unnamed(path: Path, feature: str) -> None:
    assert re.findall(FORBIDDEN[feature], path.read_text(), re.M) == []


@pytest.mark.parametrize(
    ("feature", "line"),
    [
        ("a heredoc", "RUN <<EOF"),
        ("a heredoc", "COPY <<-'EOF' /etc/x"),
        ("COPY --link", "COPY --from=wheels --link /a /b"),
        ("a syntax line", "# syntax=docker/dockerfile:1"),
        ("the tag latest", "FROM python:latest"),
    ],
)
def test_a_forbidden_feature_would_be_found(feature: str, line: str) -> None:
    assert re.findall(FORBIDDEN[feature], f"FROM x\n{line}\n", re.M)
