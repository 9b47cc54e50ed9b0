"""Nobody is notified of a monitor while one that it depends on is down, though a controller dies meanwhile. What still
lasts after that is told after the next check, and what ended with it never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.system.incidents.watched import Watch, Watched
from tests.system.product import eventually
from tests.system.smtpd import Smtpd

CONFIRMED_SECONDS = 60
TAKEN_OVER_SECONDS = 150

_HELD = """
SELECT count(*) FROM incident JOIN incident AS parent ON parent.id = incident.held_by
WHERE incident.monitor_id = $1 AND parent.monitor_id = $2 AND incident.released_at IS NULL
"""
_SENT = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id WHERE monitor_id = $1 AND state = 'waiting'
"""


@contextmanager
def _servers(count: int) -> Iterator[list[Smtpd]]:
    with ExitStack() as running:
        made = [Smtpd() for _ in range(count)]
        for server in made:
            server.start()
            running.callback(server.stop)
        yield made


def test_children_are_told_only_if_they_outlast_their_parent(watched: Watched) -> None:
    def told(watch: Watch) -> list[str]:
        return watched.webhook_events(watch.path[1:], at=watch.path)

    with _servers(3) as (gate, lasting, brief):
        parent = watched.watch("gateway", gate.port)
        outlasts, ends = watched.watch("harpoon", lasting.port), watched.watch("lantern", brief.port)
        for child in (outlasts, ends):
            _depend(watched, child, parent)
        for each in (parent, outlasts, ends):
            eventually(lambda: watched.verdict(each) == "up", "the verdict is up")  # noqa: B023

        gate.stop()
        eventually(lambda: told(parent) == ["alert"], "the parent is told", CONFIRMED_SECONDS)
        [mail] = eventually(lambda: watched.mails(parent), "its mail")
        assert "nobody is notified of the 2 monitors that depend on it" in " ".join(mail.text().split())
        lasting.stop()
        brief.stop()
        for child in (outlasts, ends):
            eventually(lambda: watched.query(_HELD, child.number, parent.number) == 1, "held", CONFIRMED_SECONDS)  # noqa: B023
        eventually(lambda: watched.query(_SENT, parent.number) == 0, "all of the parent is noted")
        with watched.controller_killed():
            assert all(watched.nobody_notified(child) for child in (outlasts, ends))

        brief.start()
        eventually(lambda: watched.verdict(ends) == "up", "the second child is up", CONFIRMED_SECONDS)
        assert watched.nobody_notified(outlasts)
        gate.start()
        eventually(lambda: told(parent) == ["alert", "recovery"], "the parent's end", TAKEN_OVER_SECONDS)
        eventually(lambda: told(outlasts) == ["alert"], "the child that lasts is told", TAKEN_OVER_SECONDS)
        [mail] = eventually(lambda: watched.mails(outlasts), "the mail of the child")
        assert "harpoon" in str(mail.message["Subject"])

        lasting.start()
        eventually(lambda: told(outlasts) == ["alert", "recovery"], "its end", CONFIRMED_SECONDS)
        eventually(lambda: len(watched.mails(outlasts)) == 2, "the mail of its end")
        assert watched.nobody_notified(ends)


def _depend(watched: Watched, child: Watch, parent: Watch) -> None:
    path = f"/api/v1/monitors/{child.public_id}/dependencies"
    answer = watched.product.api.put(path, json={"dependsOn": [parent.public_id]})
    assert answer.status_code == 200, answer.text
