"""What the login page shows."""

from __future__ import annotations

import msgspec

from controller.pages.shell.texts import span

WRONG = "E-mail address or password is wrong."
WRONG_CODE = (
    "This login code is wrong, was used already, or is older than ten minutes. The command mailprobe-controller"
    " login-link prints a new one, and so does every start of make run."
)


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the page that follows the login. Of what was typed only the address is shown again."""

    next: str
    email: str = ""
    problem: str | None = None
    code_problem: str | None = None


def later(seconds: int) -> str:
    """What to say to somebody who tried too often."""
    return f"There were too many attempts. Try again in {span(seconds)}."
