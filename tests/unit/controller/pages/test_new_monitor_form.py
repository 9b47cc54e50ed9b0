"""What the form of a new monitor offers, and the config that it makes."""

from __future__ import annotations

import re

import pytest

from controller.errors import InvalidError
from controller.kinds import BY_NAME
from controller.pages.new_monitor import view
from controller.pages.new_monitor.view import NewMonitorForm, change_of, kinds_of, new_monitor_view
from tests.fakes.kinds import ZONE


def test_it_offers_the_kinds_that_it_can_make() -> None:
    shown = new_monitor_view([], [])
    assert shown.kinds == [("smtp", "SMTP"), ("imap", "IMAP"), ("pop3", "POP3")]
    assert shown.form.kind == "smtp"
    assert shown.subjects == "mail server"
    assert shown.encryptions == {
        "usual": "usual (SMTP: STARTTLS if offered; else TLS)",
        "tls": "TLS from the first byte",
        "starttls": "STARTTLS, required",
        "none": "none",
    }


@pytest.mark.parametrize("kind", [name for name, kind in BY_NAME.items() if kind.form is not None])
@pytest.mark.parametrize("encryption", ["usual", "tls", "starttls", "none"])
def test_what_it_makes_is_a_target_of_the_kind(kind: str, encryption: str) -> None:
    form = NewMonitorForm(kind=kind, hostname="mx.example.com", encryption=encryption, countries=["DE"])
    assert kind in kinds_of(form)
    own = BY_NAME[kind]
    config = change_of(form, ["DE"]).config
    assert isinstance(config, dict)
    reads = own.type.kind_in
    assert reads is None or reads(config, "config", kinds_of(form)) == kind


def test_a_kind_without_a_form_is_not_offered() -> None:
    with pytest.raises(InvalidError, match=re.escape("kind must be one of smtp, imap, pop3")):
        kinds_of(NewMonitorForm(kind="pair"))


def test_a_kind_offers_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "BY_NAME", {**BY_NAME, ZONE.name: ZONE})
    monkeypatch.setattr(view, "_FORMS", view._FORMS | {ZONE.name: ZONE.form})
    shown = new_monitor_view([], [])
    assert shown.kinds[-1] == ("zone", "Domain")
    assert shown.subjects == "mail server or domain"
    assert shown.encryptions["usual"] == ("usual (SMTP: STARTTLS if offered; IMAP, POP3: TLS; else nothing to encrypt)")
    with pytest.raises(InvalidError, match="encryption must be one of usual"):
        change_of(NewMonitorForm(kind="zone", hostname="example.com", encryption="tls", countries=["DE"]), ["DE"])
    assert change_of(NewMonitorForm(kind="zone", hostname="example.com", countries=["DE"]), ["DE"]).config == {}
