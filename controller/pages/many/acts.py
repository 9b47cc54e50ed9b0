"""What can be done with many monitors at once, and the change that a form of it means. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from controller.decisions.access import Permission, may_change, permits
from controller.decisions.monitors.labels import check_labels
from controller.decisions.monitors.many import SettingsOfMany
from controller.decisions.monitors.monitors import check_interval
from controller.errors import InvalidError
from controller.model import Principal
from controller.model.values.countries import country_list
from controller.operations.monitors.many import ChangeOfMany
from controller.pages.shell.texts import span


class Act(NamedTuple):
    """`words` name it in a list, and `verb` stands on the button before the number of monitors. `meaning` says in a
    sentence what it does to each, and `done` stands behind the number of those to which it was done.
    """

    words: str
    verb: str
    meaning: str
    done: str
    destroys: bool = False


ACTS = {
    "disable": Act(
        "Disable them",
        "Disable",
        "Nothing is checked until somebody enables them, and their open incidents end.",
        "disabled",
    ),
    "enable": Act("Enable them", "Enable", "They are checked from now on.", "enabled"),
    "begin-maintenance": Act(
        "Begin maintenance without an end",
        "Begin maintenance of",
        "Checks go on, but nobody is notified, and no uptime is counted, until somebody ends it. A disabled one stays"
        " disabled.",
        "put into maintenance",
    ),
    "end-maintenance": Act(
        "End maintenance",
        "End maintenance of",
        "People are notified of their incidents again.",
        "taken out of maintenance",
    ),
    "notify": Act(
        "Notify somebody of their incidents",
        "Change",
        "Somebody is notified of their incidents.",
        "changed: somebody is notified of their incidents",
    ),
    "notify-nobody": Act(
        "Notify nobody of their incidents",
        "Change",
        "Checks go on, and uptime is counted, but nobody is notified of their incidents, until this is changed again.",
        "changed: nobody is notified of their incidents",
    ),
    "interval": Act("Check them at another interval", "Change", "They are checked {}.", "changed: checked {}"),
    "countries": Act(
        "Check them from other countries", "Change", "They are checked from {}.", "changed: checked from {}"
    ),
    "label": Act(
        "Add a label",
        "Label",
        "They get the label {}. One with another value of this key gets the new value.",
        "labelled {}",
    ),
    "unlabel": Act(
        "Remove a label", "Change", "They lose the label {}, whatever its value is.", "changed: label {} removed"
    ),
    "delete": Act(
        "Delete them",
        "Delete",
        "No location checks them any more, and nobody is notified about them. Their checks, verdicts, uptime and"
        " incidents are no longer shown, and are deleted for good after at least 30 days. Nobody can bring them back.",
        "deleted",
        destroys=True,
    ),
}
_OF_STATUS = frozenset({"disable", "enable", "begin-maintenance", "end-maintenance"})


class ManyMonitorsForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. Each act has fields of its own. `drawn` says for which monitors the button was drawn; it is
    empty before somebody saw what will happen.
    """

    act: str = ""
    interval: str = "300"
    countries: list[str] = []
    label: str = ""
    key: str = ""
    drawn: str = ""


def acts_of(principal: Principal) -> dict[str, Act]:
    """Those that this person may do."""
    every = may_change(principal, ("labels",))
    return {
        name: act
        for name, act in ACTS.items()
        if (name in _OF_STATUS or every) and (not act.destroys or permits(principal, Permission.DELETE))
    }


class Meant(NamedTuple):
    """The change that a form stands for, what it does to each monitor, in a sentence, and the words for that it is
    done, to stand behind the number of monitors.
    """

    change: ChangeOfMany
    meaning: str
    done: str


def change_of(form: ManyMonitorsForm, countries: Collection[str]) -> Meant:
    """When all of `countries` are chosen, which are all there are, the monitors are not limited to them. Raises
    InvalidError naming a field of the form.
    """
    if form.act not in ACTS:
        raise InvalidError("act", "must be one of the list")
    settings, words = _settings(form, countries)
    act, change = ACTS[form.act], ChangeOfMany(settings=settings, delete=form.act == "delete")
    return Meant(change, act.meaning.format(words), act.done.format(words))


def _settings(form: ManyMonitorsForm, countries: Collection[str]) -> tuple[SettingsOfMany, str]:
    match form.act:
        case "disable" | "enable":
            return SettingsOfMany(enabled=form.act == "enable"), ""
        case "begin-maintenance" | "end-maintenance":
            return SettingsOfMany(in_maintenance=form.act == "begin-maintenance"), ""
        case "notify" | "notify-nobody":
            return SettingsOfMany(notify_on_error=form.act == "notify"), ""
        case "interval":
            seconds = _seconds(form.interval)
            return SettingsOfMany(interval_seconds=seconds), f"every {span(seconds)}"
        case "countries":
            return _places(form, countries)
        case "label":
            key, _, value = (part.strip() for part in form.label.partition(":"))
            check_labels({key: value}, field="label", most=None)
            return SettingsOfMany(labels={key: value}), f"{key}: {value}" if value else key
        case "unlabel":
            key = form.key.strip()
            check_labels({key: ""}, field="key", most=None)
            return SettingsOfMany(labels={key: None}), key
    return SettingsOfMany(), ""


def _places(form: ManyMonitorsForm, countries: Collection[str]) -> tuple[SettingsOfMany, str]:
    if not form.countries:
        raise InvalidError("countries", "must hold at least one country")
    if set(form.countries) >= set(countries):
        return SettingsOfMany(countries=None), "every country that their customer allows, also from later ones"
    chosen = country_list(form.countries, field="countries")
    return SettingsOfMany(countries=chosen), ", ".join(chosen or ())


def _seconds(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidError("interval", "must be a number of seconds")
    check_interval(int(text), field="interval")
    return int(text)
