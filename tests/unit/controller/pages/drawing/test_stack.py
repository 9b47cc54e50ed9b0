"""Stacked areas: their paths, and the scale that they are drawn to."""

from __future__ import annotations

import re

import pytest

from controller.pages.drawing.stack import HEIGHT, areas, marks, rounded_up, shared_top, top_of


def corners(path: str) -> list[tuple[float, float]]:
    """The corners of a path of M, h, v, V and z."""
    found, x, y = list[tuple[float, float]](), 0.0, 0.0
    for command, text in re.findall(r"([MhvVz])([^MhvVz]*)", path):
        match command:
            case "M":
                x, y = map(float, text.split())
            case "h":
                x += float(text)
            case "v":
                y += float(text)
            case "V":
                y = float(text)
        found.append((x, y))
    return found


def test_each_layer_reaches_as_high_as_those_below_and_itself() -> None:
    lower, upper = areas([[10, 20], [30, 20]], top=40)
    assert corners(lower) == [(0, 200), (0, 150), (1, 150), (1, 50), (2, 50), (2, 200), (2, 200)]
    assert corners(upper) == [(0, 200), (0, 50), (1, 50), (1, 0), (2, 0), (2, 200), (2, 200)]


def test_a_slice_without_a_value_is_a_gap() -> None:
    (path,) = areas([[1], None, None, [1]], top=2)
    assert path == "M0 200v-100h1V200zM3 200v-100h1V200z"


def test_a_layer_without_any_height_is_not_drawn() -> None:
    assert areas([[1, 0]], top=1) == ["M0 200v-200h1V200z", ""]
    assert areas([None, None], top=1) == []


@pytest.mark.parametrize("value", [0, 0.4, 1, 77.7, 100, 1e9])
def test_nothing_is_drawn_outside_of_the_box(value: float) -> None:
    for path in areas([[value, value]] * 3, top=100):
        assert all(0 <= x <= 3 and 0 <= y <= HEIGHT for x, y in corners(path))


def test_a_long_series_takes_few_bytes() -> None:
    path = areas([[number % 7 + 1, 5.0] for number in range(400)], top=20)
    assert sum(map(len, path)) < 400 * 2 * 8


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.2, 1), (1, 1), (1.2, 1.5), (9, 10), (10, 10), (11, 15), (420, 500), (8001, 10_000)]
)
def test_the_top_is_a_round_value(value: float, top: float) -> None:
    assert rounded_up(value) == top


def test_a_rare_outlier_does_not_flatten_the_rest() -> None:
    assert top_of([20.0] * 99 + [9000.0]) == 20
    assert top_of([20.0] * 90 + [9000.0] * 10) == 10_000
    assert top_of([20.0, 50.0]) == 50
    assert top_of([]) == 1


def test_stacks_share_a_scale_only_when_none_is_flattened_by_it() -> None:
    assert shared_top([100, 300, 400]) == 400
    assert shared_top([20, 300, 400]) is None
    assert shared_top([]) is None


def test_neighbouring_marks_are_one_box() -> None:
    assert marks([0, 1, 2, 7]) == "M0 0h3v1h-3zM7 0h1v1h-1z"
    assert marks([]) == ""
