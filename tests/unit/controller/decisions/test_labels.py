from __future__ import annotations

import pytest

from controller.decisions.monitors.labels import check_labels, merged_labels, tagged
from controller.errors import InvalidFieldsError


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({}, id="none"),
        pytest.param({"a": ""}, id="an empty value"),
        pytest.param({"😀" * 50: "ü" * 100}, id="as long as allowed, in characters"),
        pytest.param({"a b/c=d": "x:y"}, id="a colon in a value"),
        pytest.param({str(number): "" for number in range(32)}, id="as many as allowed"),
    ],
)
def test_labels_that_are_allowed(labels: dict[str, str]) -> None:
    check_labels(labels)


@pytest.mark.parametrize(
    ("labels", "fields"),
    [
        pytest.param({"": "x"}, ["labels"], id="a key without characters"),
        pytest.param({"a:b": "x"}, ["labels"], id="a colon in a key"),
        pytest.param({"a" * 51: "x"}, ["labels"], id="a long key"),
        pytest.param({"a\nb": "x"}, ["labels"], id="a line break in a key"),
        pytest.param({"a\x85b": "x"}, ["labels"], id="a control character beyond ASCII"),
        pytest.param({"a": "x" * 101}, ["labels.a"], id="a long value"),
        pytest.param({"a": "\0"}, ["labels.a"], id="NUL in a value"),
        pytest.param({str(number): "" for number in range(33)}, ["labels"], id="too many"),
        pytest.param({"a": "\t", "b:": "", "c": "x" * 101}, ["labels.a", "labels", "labels.c"], id="several mistakes"),
    ],
)
def test_every_label_that_is_not_allowed_is_named(labels: dict[str, str], fields: list[str]) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        check_labels(labels)
    assert [problem.field for problem in refused.value.fields] == fields


def test_a_tag_keeps_the_value_of_a_label_that_is_there() -> None:
    assert tagged({"team": "mail"}, ["team", "new"]) == {"team": "mail", "new": ""}


def test_a_merge_sets_removes_and_keeps() -> None:
    assert merged_labels({"a": "1", "b": "2", "c": "3"}, {"a": None, "b": "", "d": "4", "e": None}) == {
        "b": "",
        "c": "3",
        "d": "4",
    }
