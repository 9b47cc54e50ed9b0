"""The README and the pages of docs: short enough, every link leads somewhere, every rule that code cites is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.readme import PAGES, examples

REPOSITORY = Path(__file__).parents[3]
README = REPOSITORY / "README.md"
MARKDOWN = [README, *sorted((REPOSITORY / "docs").rglob("*.md"))]
CODE = [
    path for name in ("agent", "controller", "deploy", "shared", "tests") for path in (REPOSITORY / name).rglob("*.py")
]

_README_LINES = 150
_LONGEST_LINE = 130
_RUN_ELSEWHERE = ("docs/operations.md",)  # followed on a clean machine

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<file>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_CITED = re.compile(r"docs/compatibility\.md,\s+(?P<rules>[A-Z]\d+(?:(?:, | and | to )[A-Z]\d+)*)")
_DECISION = re.compile(r"docs/decisions, (\d{3})")
_PAGE = re.compile(r"(?<![\w/.-])docs/[\w/-]+\.md")
_RULE = re.compile(r"^\*\*([UARD])(\d+)\.", re.MULTILINE)


def named(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def rules() -> list[str]:
    return ["".join(rule) for rule in _RULE.findall((REPOSITORY / "docs/compatibility.md").read_text())]


def expanded(text: str) -> Iterator[str]:
    """The rules of a citation as "U3 to U8, U14 and U22"."""
    for part in re.split(r", | and ", text):
        first, _, last = part.partition(" to ")
        for number in range(int(first[1:]), int((last or first)[1:]) + 1):
            yield f"{first[0]}{number}"


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) < _README_LINES


@pytest.mark.parametrize("page", MARKDOWN, ids=named)
def test_no_line_is_too_long_outside_of_tables(page: Path) -> None:
    lines = enumerate(page.read_text().splitlines(), 1)
    assert not [number for number, line in lines if len(line) > _LONGEST_LINE and not line.startswith("|")]


@pytest.mark.parametrize("page", MARKDOWN, ids=named)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in _LINK.finditer(_FENCED.sub("", page.read_text())):
        if link["file"].startswith(("https://", "http://")):
            continue
        target = page.parent / link["file"] if link["file"] else page
        assert target.exists(), link[0]
        assert not link["anchor"] or link["anchor"] in anchors(target), link[0]


@pytest.mark.parametrize("page", MARKDOWN, ids=named)
def test_each_shell_example_is_run_or_says_why_not(page: Path) -> None:
    if named(page) not in (*PAGES, *_RUN_ELSEWHERE):
        assert all(example.skipped for example in examples(page.read_text()))


def test_the_rules_are_numbered_without_a_hole() -> None:
    counts = {group: len([rule for rule in rules() if rule[0] == group]) for group in "UARD"}
    assert rules() == [f"{group}{number}" for group in "UARD" for number in range(1, counts[group] + 1)]


def test_each_citation_names_a_rule_a_decision_or_a_page_that_is_there() -> None:
    known, decisions = set(rules()), {page.name[:3] for page in (REPOSITORY / "docs/decisions").iterdir()}
    for path in CODE:
        text = path.read_text()
        for cited in _CITED.finditer(text):
            assert set(expanded(cited["rules"])) <= known, f"{named(path)}: {cited[0]}"
        assert set(_DECISION.findall(text)) <= decisions, named(path)
        for page in _PAGE.findall(text):
            assert (REPOSITORY / page).exists(), f"{named(path)}: {page}"


def test_a_citation_with_a_range_names_all_of_it() -> None:
    assert [*expanded("U3 to U5, U14 and U22")] == ["U3", "U4", "U5", "U14", "U22"]
