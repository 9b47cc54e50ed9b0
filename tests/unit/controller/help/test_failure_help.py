"""Every kind of failure has its help, and the help says something for each server."""

from __future__ import annotations

from importlib.resources import files

import pytest

from controller.help.failure_help import SERVERS, every_help, help_for, help_path
from controller.kinds import BY_NAME
from controller.pages.help.view import help_view, parts
from shared.wire.failures import FailureKind

OF_OUR_OWN = {FailureKind.AGENT_ERROR, FailureKind.UNKNOWN}


def test_every_kind_has_a_file_and_no_file_is_left_over() -> None:
    names = {file.name for file in (files("controller.help") / "failures").iterdir() if file.name.endswith(".toml")}
    assert names == {f"{kind.value}.toml" for kind in FailureKind}


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_says_how_to_see_it_and_what_to_do_on_each_server(kind: FailureKind) -> None:
    about = help_for(kind)
    assert about.by_hand
    assert all(one.about and one.command for one in about.by_hand)
    assert list(about.servers) == ([] if kind in OF_OUR_OWN else list(SERVERS.values()))
    assert all(len(text) > 40 for text in about.servers.values())


@pytest.mark.parametrize("kind", FailureKind)
def test_backquotes_come_in_pairs(kind: FailureKind) -> None:
    about = help_for(kind)
    assert all(text.count("`") % 2 == 0 for text in (about.meaning, about.remedy, *about.servers.values()))


def test_the_paths_differ() -> None:
    assert len({help_path(one.kind) for one in every_help()}) == len(FailureKind)
    assert help_path(FailureKind.LOGIN_REFUSED) == "/help/login-refused"


def test_what_stands_between_backquotes_is_code() -> None:
    assert parts("Run `postfix check` now") == [(False, "Run "), (True, "postfix check"), (False, " now")]
    assert parts("`a`") == [(True, "a")]


def test_a_page_leads_to_all_others_but_the_unknown() -> None:
    view = help_view(help_for(FailureKind.TIMEOUT))
    assert len(view.others) == len(FailureKind) - 1


@pytest.mark.parametrize("kind", [name for name, kind in BY_NAME.items() if kind.form is not None])
def test_the_remedy_of_an_untrusted_certificate_names_the_box_as_every_form_does(kind: str) -> None:
    form = BY_NAME[kind].form
    place = form.place_of("verify_certificate") if form else None
    assert place is not None
    assert all(f"“{words}”" in help_for(FailureKind.CERTIFICATE_UNTRUSTED).remedy for words in place)
