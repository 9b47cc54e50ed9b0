"""The generated pages of docs/ are what the code says now."""

from __future__ import annotations

import pytest

from shared.wire.explanations import FAILURES, PHASES, SOURCES, WARNINGS
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from tests.docs.pages import PAGES, path_of


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    written = path_of(name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make docs` and commit docs/"


def test_every_kind_source_phase_and_warning_is_explained() -> None:
    assert (set(FAILURES), set(SOURCES)) == (set(FailureKind), set(FailureSource))
    assert (set(PHASES), set(WARNINGS)) == (set(Phase), set(WarningKind))
