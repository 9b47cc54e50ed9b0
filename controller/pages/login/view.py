"""What the login page shows."""

from __future__ import annotations

import msgspec

from controller.pages.shell.texts import span

WRONG = "E-mail address or password is wrong."
WRONG_CODE = "This login code is wrong, was used already, or is older than ten minutes."


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the page that follows the login. Of what was typed only the address is shown again."""

    next: str
    email: str = ""
    problem: str | None = None
    code_problem: str | None = None

    @property
    def code_refused(self) -> bool:
        """Whether a new code would help."""
        return self.code_problem == WRONG_CODE


def later(seconds: int) -> str:
    """What to say to somebody who tried too often."""
    return f"There were too many attempts. Try again in {span(seconds)}."
