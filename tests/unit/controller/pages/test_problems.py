"""What is wrong with a form stands beside the field that it is about."""

from __future__ import annotations

from controller.errors import AlreadyExistsError, InvalidError, InvalidFieldsError
from controller.pages.shell.problems import ELSEWHERE, problems_of

FIELDS = ("host", "countries", "name")


def test_a_field_of_the_form_has_the_rule_alone() -> None:
    assert problems_of(InvalidError("name", "must be 1 to 255 characters"), FIELDS) == {
        "name": "must be 1 to 255 characters"
    }


def test_fields_of_operations_have_other_names() -> None:
    error = InvalidFieldsError([InvalidError("target.host", "must be a host name"), InvalidError("countries[2]", "x")])
    assert problems_of(error, FIELDS, {"target.host": "host"}) == {"host": "must be a host name", "countries": "x"}


def test_what_no_field_is_to_blame_for_stands_above_the_form() -> None:
    assert problems_of(InvalidError("interval", "is too short"), FIELDS) == {ELSEWHERE: "interval is too short"}
    assert problems_of(AlreadyExistsError("There is one already"), FIELDS) == {ELSEWHERE: "There is one already"}


def test_two_problems_of_one_field_are_both_shown() -> None:
    error = InvalidFieldsError([InvalidError("name", "is empty"), InvalidError("name", "is taken")])
    assert problems_of(error, FIELDS) == {"name": "is empty; is taken"}
