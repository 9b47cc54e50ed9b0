"""What is said once everything runs: the files with the secrets, what to try, and last the addresses to open."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """What there is to say. `dashboard` is the public URL, `api` the address on this machine. `login_link` is None when
    nobody can log in. `first_email` is whose password the file holds, and `email` that of an administrator. `database`
    precedes commands that need the database, and is empty when the person has set it.
    """

    seconds: float
    data: Path
    dashboard: str
    api: str
    locations: list[str]
    token: Path
    token_works: bool
    password: Path
    first_email: str
    email: str
    login_link: str | None
    controller: str
    database: str

    def text(self) -> str:
        lines = {
            "API": f"{self.api}, explained at {self.api}/schema",
            "Locations": " ".join(self.locations),
            "Token": self._token(),
            "Password": self._password(),
        }
        if self.token_works:
            call = f'curl -fsS -H "Authorization: Bearer $(cat {shlex.quote(str(self.token))})" {self.api}'
            lines |= {"Metrics": f"{call}/metrics", "Try it": f"{call}/api/locations"}
        return "\n".join(
            [
                "",
                f"Mailprobe runs; it started in {self.seconds:.1f} s. Ctrl-C stops it. Its data stays in {self.data}.",
                *(f"  {name:<10} {text}" for name, text in lines.items()),
                "",
                f"Open the dashboard: {self.dashboard}",
                *self._login(),
                "",
            ]
        )

    def _token(self) -> str:
        if self.token_works:
            return f"in {self.token}"
        state = "was revoked or has expired" if self.token.exists() else "is gone"
        return f"the one in {self.token} {state}; make another in its place:\n             {self.remedy}"

    @property
    def remedy(self) -> str:
        """The command that makes an API token, where the examples of the README read it."""
        words = ("tokens", "add", "--user", self.email, "--name", "first", "--file", str(self.token))
        return f"{self.database} {shlex.join([self.controller, *words])}".strip()

    def _password(self) -> str:
        if self.password.exists():
            return f"in {self.password}, of {self.first_email}"
        return f"{self.password} is gone; the link below logs you in without, to choose another"

    def _login(self) -> list[str]:
        if self.login_link is None:
            return []
        return [
            f"Open the dashboard, logged in: {self.login_link}",
            f"  once, within 10 minutes; without scripts, paste what follows #code= at {self.dashboard}/login",
        ]
