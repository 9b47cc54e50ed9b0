"""The entries of the settings: which pages there are, and who may open them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from controller.decisions.access import Permission, permits
from controller.model import Principal


class Section(msgspec.Struct, frozen=True):
    """A page of the settings; `about` says in one sentence what it is for. Who has any of `needs` may open it."""

    path: str
    name: str
    about: str
    needs: tuple[Permission, ...]

    def open_to(self, principal: Principal) -> bool:
        return any(permits(principal, one) for one in self.needs)


SECTIONS = (
    Section(
        "/settings/channels",
        "Channels",
        "Where notifications go. Each channel has a test, and a page with what was sent through it.",
        (Permission.MANAGE_CHANNELS,),
    ),
    Section(
        "/settings/recipient-groups",
        "Recipient groups",
        "Which channels hear of which monitors. Without groups, every channel hears of all that it may.",
        (Permission.MANAGE_CHANNELS,),
    ),
    Section(
        "/settings/grouping",
        "Grouping",
        "In how many messages you hear of many incidents that have one cause.",
        (Permission.MANAGE_CHANNELS,),
    ),
    Section(
        "/settings/escalation",
        "Escalation and reminders",
        "Who is told, step by step, when nobody takes an incident.",
        (Permission.MANAGE_CHANNELS,),
    ),
    Section(
        "/settings/rotas",
        "Rotas",
        "Who is on call, by calendars that you keep elsewhere.",
        (Permission.MANAGE_CHANNELS,),
    ),
    Section(
        "/policies",
        "Policies",
        "When a failure becomes an incident: how many countries, how often, for how long.",
        (Permission.READ,),
    ),
    Section(
        "/settings/people",
        "People",
        "Accounts of your colleagues, and what each role may do.",
        (Permission.MANAGE_USERS,),
    ),
    Section(
        "/settings/tokens",
        "Tokens",
        "API tokens for programs: what each may do, until when, and when it was last used.",
        (Permission.MANAGE_CUSTOMER_TOKENS, Permission.MANAGE_ORGANIZATION_TOKENS),
    ),
    Section(
        "/settings/customers",
        "Customers",
        "Every monitor belongs to a customer. Notifications and people can be limited to some of them.",
        (Permission.READ,),
    ),
    Section(
        "/settings/packages",
        "Packages",
        "What customers of a package get: intervals, thresholds, and kinds of channels.",
        (Permission.MANAGE_ORGANIZATION,),
    ),
    Section(
        "/settings/rules",
        "Notification rules",
        "Which kinds of channels are used for which checks.",
        (Permission.MANAGE_ORGANIZATION,),
    ),
    Section(
        "/settings/organization",
        "Organization",
        "Its name, the countries it checks from, what is kept for how long, and defaults of new monitors.",
        (Permission.MANAGE_ORGANIZATION, Permission.MANAGE_ALL_ORGANIZATIONS),
    ),
    Section(
        "/settings/sign-on",
        "Single sign-on",
        "Let people log in at a provider of your own.",
        (Permission.MANAGE_SIGN_ON,),
    ),
    Section(
        "/settings/labels",
        "Labels and saved filters",
        "The labels of monitors, and the lists that somebody saved under a name.",
        (Permission.READ,),
    ),
    Section(
        "/settings/screens",
        "Screens",
        "Screens on a wall: each has a token that may read one view and nothing else.",
        (Permission.MANAGE_ORGANIZATION_TOKENS,),
    ),
    Section(
        "/settings/audit",
        "Audit log",
        "Who changed what, and when.",
        (Permission.READ_AUDIT,),
    ),
)


def open_sections(principal: Principal) -> Iterator[Section]:
    """The pages that this person may open, in the order of the navigation."""
    return (section for section in SECTIONS if section.open_to(principal))
