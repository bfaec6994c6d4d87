"""Every relative link of the committed pages leads somewhere. Nothing outside is asked."""

import re
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
INLINE = re.compile(r"\[[^\]]*\]\(<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")


def pages() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).exists())


def links(text: str) -> list[str]:
    """Returns the targets of a page's links, those in code left out."""
    prose = CODE.sub("", FENCE.sub("", text))
    return INLINE.findall(prose) + REFERENCE.findall(prose)


def slug(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading, the first of its text on a page."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Returns every anchor of a page; a second heading of one text gets -1, a third -2."""
    found = set(ANCHOR.findall(text))
    for heading in HEADING.findall(FENCE.sub("", text)):
        name, number = slug(heading), 0
        while (f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(f"{name}-{number}" if number else name)
    return found


@cache
def anchors_of(page: Path) -> set[str]:
    return anchors(page.read_text())


def fault(page: Path, target: str) -> str | None:
    """Returns what is wrong with one link of a page, None where it leads somewhere."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = unquote(target).partition("#")
    goal = page if not path else (page.parent / path).resolve()
    if not goal.exists():
        return f"{target}: there is no such file."
    if ROOT not in goal.parents:
        return f"{target}: it leads out of the repository."
    if anchor and goal.suffix == ".md" and anchor not in anchors_of(goal):
        return f"{target}: {goal.name} has no such heading."
    return None


@pytest.mark.parametrize("page", pages())
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    file = ROOT / page
    faults = [fault(file, target) for target in links(file.read_text())]

    assert [sentence for sentence in faults if sentence] == []


def test_links_in_code_are_none_and_all_others_are_seen() -> None:
    text = (
        'See [a](one.md), [b](two.md#part "title") and ![c](<three.png>).\n'
        "Not `[d](four.md)`.\n```\n[e](five.md)\n```\n[f]: six.md\n"
    )

    assert links(text) == ["one.md", "two.md#part", "three.png", "six.md"]


def test_headings_have_the_anchors_that_github_gives_them() -> None:
    text = "# A `kubectl` table, & more\n## Same\n## Same\n```\n# no heading\n```\n"

    assert anchors(text) == {"a-kubectl-table--more", "same", "same-1"}


def test_a_link_to_nothing_is_a_fault() -> None:
    readme = ROOT / "README.md"

    assert fault(readme, "docs/nothing.md") == "docs/nothing.md: there is no such file."
    assert fault(readme, "CONTRIBUTING.md#nothing") == (
        "CONTRIBUTING.md#nothing: CONTRIBUTING.md has no such heading."
    )
    assert fault(readme, "CONTRIBUTING.md#add-a-task") is None
    assert fault(readme, "../shared") is not None
    assert fault(readme, "https://nowhere.example/") is None
