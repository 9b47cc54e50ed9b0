"""Settings of both programs from variables: read, or refused with every problem in plain words."""

from __future__ import annotations

from agent.settings import Settings as AgentSettings
from controller.settings import ControllerSettings
from shared.settings import SettingsError, load

SEEDS = (
    (
        b"MAILPROBE_DATABASE_URL=postgresql://user:hunter2@host:5432/name\nMAILPROBE_NATS_URL=tls://host:4222\n"
        b"MAILPROBE_PUBLIC_URL=https://mail.example.com\nMAILPROBE_PORT=8080\nMAILPROBE_LOG_LEVEL=debug"
    ),
    (
        b"MAILPROBE_COUNTRY=DE\nMAILPROBE_LOCATION=de-nbg\nMAILPROBE_ALLOW_NETWORKS=10.0.0.0/8,::1/128\n"
        b"MAILPROBE_VERIFY_KEYS=a b\nMAILPROBE_PROCESSES=2\nMAILPROBE_METRICS_PORT=99999"
    ),
    b"MAILPROBE_VAULT_KEYS=hunter2\nMAILPROBE_TRUST_FILE=/nowhere\nMAILPROBE_OPS_EMAIL=a@b,c",
)
_SECRET = "hunter2"
_SECRETS = ("MAILPROBE_DATABASE_URL", "MAILPROBE_VAULT_KEYS")


def check(data: bytes) -> None:
    """Each line is a variable, as `NAME=value`. Variables that name files are left out."""
    lines = (line.partition("=") for line in data.decode("utf-8", "replace").split("\n"))
    environ = {name: value for name, _, value in lines if not name.endswith(("_FILE", "ENROLMENT"))}
    for kind in (AgentSettings, ControllerSettings):
        try:
            load(kind, environ)
        except SettingsError as error:
            assert error.problems
            assert all(isinstance(problem, str) and problem for problem in error.problems)
            shown = str(error)
            shown.encode()
            if not any(_SECRET in value for name, value in environ.items() if name not in _SECRETS):
                assert _SECRET not in shown
