"""A process of its own that sends by Apprise, one message a line, started by path (controller.notify.apprise_process).

Apprise answers yes or no, follows where names lead and reads what servers say without end. Here every connection goes
to an address that was checked, no answer is read beyond its beginning, and the last status is told; whoever started
the process ends it when it takes too long. It has nothing of the controller's but the message.
"""

from __future__ import annotations

import json
import socket
import sys
from ipaddress import ip_address, ip_network
from typing import Any

import apprise
import requests
from urllib3.util import connection

from shared.addresses import Network, may_reach

_MOST_READ = 64 * 1024
_KINDS = {
    "trouble": apprise.NotifyType.FAILURE,
    "better": apprise.NotifyType.SUCCESS,
    "plain": apprise.NotifyType.INFO,
}


class _ForbiddenError(OSError):
    """Every address of a host is private."""


class Watch:
    """What happened on the wire while a message was sent. `allowed` None lets every address through."""

    def __init__(self) -> None:
        self.allowed: tuple[Network, ...] | None = ()
        self.status: int | None = None
        self.forbidden = False

    def install(self) -> None:
        """Have all HTTP of this process go through here."""
        plain_connect, plain_send = connection.create_connection, requests.Session.send

        def connect(address: tuple[str, int], *arguments: Any, **named: Any) -> socket.socket:
            host, port = address
            if self.allowed is None:
                return plain_connect(address, *arguments, **named)
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
            good = [one for one in found if may_reach(ip_address(one.partition("%")[0]), self.allowed)]
            if not good:
                self.forbidden = True
                raise _ForbiddenError("private address")
            return plain_connect((good[0], port), *arguments, **named)

        def send(session: requests.Session, request: requests.PreparedRequest, **named: Any) -> requests.Response:
            session.trust_env = False
            response = plain_send(session, request, **(named | {"stream": True, "allow_redirects": False}))
            response._content = response.raw.read(_MOST_READ, decode_content=False)  # noqa: SLF001 - read no further
            response.close()
            self.status = response.status_code
            return response

        connection.create_connection = connect
        requests.Session.send = send  # type: ignore[method-assign,assignment]


def _notify(watch: Watch, wish: dict[str, Any]) -> dict[str, Any]:
    """Send one message; `valid` is whether Apprise understands the URL as one of the plugins that are meant."""
    allowed = wish["allowed"]
    watch.allowed = None if allowed is None else tuple(ip_network(network) for network in allowed)
    watch.status, watch.forbidden = None, False
    asset = apprise.AppriseAsset(app_id="Mailprobe", async_mode=False, http_redirects=False)
    plugin = apprise.Apprise.instantiate(wish["url"], asset=asset, suppress_exceptions=True)
    plugins = wish["plugins"]
    if plugin is None or (plugins is not None and type(plugin).__name__ not in plugins):
        return {"valid": False}
    if wish["title"] is None:
        return {"valid": True}
    sender = apprise.Apprise(asset=asset)
    sender.add(plugin)
    accepted = sender.notify(body=wish["body"], title=wish["title"], notify_type=_KINDS[wish["tone"]])
    return {"valid": True, "accepted": bool(accepted), "status": watch.status, "forbidden": watch.forbidden}


def main() -> None:
    watch = Watch()
    watch.install()
    answers = sys.stdout
    sys.stdout = sys.stderr  # a plugin that prints must not answer for us
    for line in sys.stdin:
        try:
            answer = _notify(watch, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the next message is another one
            answer = {"valid": True, "accepted": False, "status": watch.status, "crashed": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
