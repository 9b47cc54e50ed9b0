"""Puts sealed logins into a request in the form that every agent of its location reads."""

from __future__ import annotations

import msgspec

from controller.model import Location
from shared.wire.messages import LOGINS, UNREADABLE_LOGIN, CheckRequest, SealedLogin
from shared.wire.targets import ONLY_LOGIN


def with_logins(request: CheckRequest, logins: list[SealedLogin], location: Location) -> CheckRequest:
    """The request with these logins. Whoever knows a kind with other logins than the first agents knew reads the later
    form.
    """
    if not logins:
        return request
    if LOGINS in location.reads or [login.name for login in logins] != [ONLY_LOGIN]:
        return msgspec.structs.replace(request, logins=logins, sealed_login=UNREADABLE_LOGIN)
    newest, *older = logins[0].sealed
    return msgspec.structs.replace(request, sealed_login=newest, older_sealed_logins=older)
