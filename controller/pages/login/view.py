"""What the login page shows."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from controller.pages.shell.texts import span

WRONG = "E-mail address or password is wrong."
WRONG_CODE = "This login code is wrong, was used already, or has expired."


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the page that follows the login. Of what was typed only the addresses are shown again: `email` of a
    login with a password, `address` of one by the organization's provider, which `sign_on` offers. `logged_in_as` is
    who is logged in already.
    """

    next: str
    email: str = ""
    problem: str | None = None
    code_problem: str | None = None
    sign_on: bool = False
    address: str = ""
    sign_on_problem: str | None = None
    logged_in_as: str = ""

    @property
    def code_refused(self) -> bool:
        """Whether a new code would help."""
        return self.code_problem == WRONG_CODE


class LeavingView(msgspec.Struct, frozen=True, kw_only=True):
    """The page that leads on to the login of somebody's organization, at `url`."""

    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def later(seconds: int) -> str:
    """What to say to somebody who tried too often."""
    return f"There were too many attempts. Try again in {span(seconds)}."
