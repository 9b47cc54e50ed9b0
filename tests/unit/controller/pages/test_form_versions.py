"""What a form says when something else is stored than it was drawn from."""

from __future__ import annotations

import msgspec
import pytest

from controller.errors import PreconditionFailedError
from controller.pages.policies.form import PolicyForm, with_stored_values
from controller.pages.shell.versions import BOX, differing, problems_of_conflict, require_version, version_of


class ExampleForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    countries: list[str] = []


def test_the_version_is_of_the_values() -> None:
    assert version_of(ExampleForm(name="a")) == version_of(ExampleForm(name="a"))
    assert version_of(ExampleForm(name="a")) != version_of(ExampleForm(name="b"))
    assert version_of(ExampleForm(countries=["DE"])) != version_of(ExampleForm())


def test_another_version_is_refused_with_what_is_stored() -> None:
    stored = ExampleForm(name="b")
    with pytest.raises(PreconditionFailedError) as caught:
        require_version(version_of(ExampleForm(name="a")), version_of(stored), stored)
    assert caught.value.current is stored


@pytest.mark.parametrize("given", ["", "same"], ids=["no version takes any state", "the same version"])
def test_what_is_not_refused(given: str) -> None:
    require_version(given, "same")


@pytest.mark.parametrize(
    ("typed", "stored", "differs"),
    [
        pytest.param("a", " a ", False, id="spaces around a text do not count"),
        pytest.param("a\r\nb", "a\nb", False, id="nor do the line ends of browsers"),
        pytest.param(["b", "a"], ["a", "b"], False, id="nor does the order of boxes"),
        pytest.param("a", "A", True, id="other letters do"),
        pytest.param(["a"], [], True, id="other boxes do"),
    ],
)
def test_which_fields_differ(typed: object, stored: object, differs: bool) -> None:
    assert bool(differing({"one": typed, "typed_only": "x"}, {"one": stored, "stored_only": "y"})) is differs


def test_values_are_called_as_the_form_calls_them() -> None:
    stored = {"name": "", "role": ["user", "x"], "box": "on"}
    problems = problems_of_conflict("this", stored, stored, {"role": {"user": "User"}, "box": BOX})
    assert problems.pop("").startswith("Somebody changed this while you had the form open, and nothing was saved.")
    assert problems == {"name": "Stored now: nothing", "role": "Stored now: User, x", "box": "Stored now: ticked"}


@pytest.mark.parametrize(
    ("base", "typed", "kept"),
    [
        pytest.param("sla", "1", "5", id="only a preset was chosen: the values below are those that are stored"),
        pytest.param("above", "9", "9", id="a value was typed without its choice: it stays"),
        pytest.param("own", "1", "1", id="own values were chosen: they stay"),
    ],
)
def test_what_the_form_of_a_policy_shows_after_a_conflict(base: str, typed: str, kept: str) -> None:
    drawn, stored = PolicyForm(), PolicyForm(base="sla", recovery_rounds="5")
    sent = PolicyForm(base=base, recovery_rounds=typed, version=version_of(drawn))
    shown = with_stored_values(sent, stored)
    assert (shown.base, shown.recovery_rounds, shown.version) == (base, kept, version_of(stored))
