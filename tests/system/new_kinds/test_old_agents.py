"""A location whose agents are all of a version that does not know the kind: its checks are gaps, and its agents go on
with the kinds that they know.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.programs import program
from tests.system import monitors
from tests.system.new_kinds.stage import HAND_OFF, HOME, Stage
from tests.system.product import REPOSITORY, environ, eventually
from tests.system.smtpd import MailServer

OLD = "FI"


@pytest.fixture(scope="module")
def behind(stage: Stage) -> Iterator[dict[str, Any]]:
    """A third location, whose only agent runs from the source without the new kinds."""
    record, enrolment = stage.product.record, stage.product.data / "fi.json"
    settings = {
        "MAILPROBE_DATABASE_URL": record["databaseUrl"],
        "MAILPROBE_NATS_URL": record["natsUrl"],
        "MAILPROBE_TRUST_FILE": record["trustFile"],
    }
    command = ["locations", "add", OLD.lower(), "--country", OLD, "--enrolment", str(enrolment)]
    controller = environ() | stage.product.settings | settings
    subprocess.run([program("mailprobe-controller"), *command], env=controller, capture_output=True, check=True)
    with stage.product.console.open("ab") as console:
        agent = subprocess.Popen(
            [program("mailprobe-agent"), "run", "--processes", "1", "--enrolment", str(enrolment)],
            env=environ()
            | {"PYTHONPATH": str(REPOSITORY), "PYTHONSAFEPATH": "1", "MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8"}
            | {"MAILPROBE_CONTROL_NAME": "localhost", "MAILPROBE_PORT25_HOSTS": "none"},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    try:

        def ready() -> dict[str, Any] | None:
            [here] = [each for each in stage.locations() if each["countryCode"] == OLD]
            return here if here["agents"] else None

        yield eventually(ready, "the old agent is ready")
    finally:
        agent.terminate()
        agent.wait(30)
        for command_ in ("disable", "remove"):
            subprocess.run(
                [program("mailprobe-controller"), "locations", command_, OLD.lower()],
                env=controller,
                capture_output=True,
                check=True,
            )


def test_a_kind_that_no_agent_knows_is_a_gap_with_a_reason_and_no_verdict(stage: Stage, behind: dict[str, Any]) -> None:
    assert "handoff" not in behind["kinds"]
    lonely = stage.create_handoff("lonely", allowedCheckCountryCodes=[OLD])

    def judged() -> Any:
        return stage.details(HAND_OFF, lonely)["verdict"]

    verdict = eventually(judged, "an evaluation")
    assert (verdict["verdict"], verdict["reason"]) == ("unknown", f"{OLD} could not check")
    assert stage.history(HAND_OFF, lonely) == []
    # The first round may be due before the scheduler has read that the agent is there.
    eventually(lambda: "kind_unknown" in stage.gaps(lonely), "a gap")
    triggered = stage.product.api.post(f"{HAND_OFF}/{lonely}/trigger-check")
    assert triggered.status_code == 409
    assert "knows this kind of check; update the agents there" in triggered.json()["message"]
    eventually(lambda: "do not know the kind of some checks" in stage.product.page("/locations"), "the page says so")
    eventually(
        lambda: "update the agents there" in stage.product.page(f"/monitors/{lonely}"),
        "the monitor's page says so, too",
    )
    assert stage.product.api.get(f"{HAND_OFF}/{lonely}/incident-history").json()["total"] == 0
    stage.product.api.delete(f"{HAND_OFF}/{lonely}")


def test_where_others_know_the_kind_they_judge_and_an_old_agent_goes_on(
    stage: Stage, behind: dict[str, Any], mail_server: MailServer
) -> None:
    assert "smtp" in behind["kinds"]
    both = stage.create_handoff("both", allowedCheckCountryCodes=[HOME, "US", OLD])
    assert stage.verdict(HAND_OFF, both, "up") == f"2 of 3 countries pass; {OLD} could not check"
    mail = monitors.create(stage.product, mail_server.port, allowedCheckCountryCodes=[OLD])
    monitors.checks_from(stage.product, mail, {OLD}, lambda check: check["status"] == "success")
    monitors.delete(stage.product, mail)
    stage.product.api.delete(f"{HAND_OFF}/{both}")
