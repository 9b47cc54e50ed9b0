"""The program of a child process that sends messages by Apprise, one request a line. It is started by its path
(controller.notify.apprise.process).

Apprise by itself reports only success or failure, connects to whatever address a name has, and reads answers of any
length. This process connects only to addresses that it has checked, reads only the beginning of an answer, and reports
the last HTTP status. The parent process kills it when it takes too long. It receives nothing but the message.
"""

from __future__ import annotations

import json
import socket
import sys
from io import BytesIO
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
    """Every address of a host is private, and its network is not allowed."""


class HttpGuard:
    """Restricts and observes all HTTP of this process while a message is sent. `allowed` None allows every address."""

    def __init__(self) -> None:
        self.allowed: tuple[Network, ...] | None = ()
        self.status: int | None = None
        self.forbidden = False

    def install(self) -> None:
        """Make all HTTP of this process go through this guard."""
        plain_connect, plain_send = connection.create_connection, requests.Session.send

        def connect(address: tuple[str, int], *arguments: Any, **named: Any) -> socket.socket:
            host, port = address
            if self.allowed is None:
                return plain_connect(address, *arguments, **named)
            addresses = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
            permitted = [one for one in addresses if may_reach(ip_address(one.partition("%")[0]), self.allowed)]
            if not permitted:
                self.forbidden = True
                raise _ForbiddenError("private address")
            return plain_connect((permitted[0], port), *arguments, **named)

        def send(session: requests.Session, request: requests.PreparedRequest, **named: Any) -> requests.Response:
            session.trust_env = False
            response = plain_send(session, request, **(named | {"stream": True, "allow_redirects": False}))
            beginning = response.raw.read(_MOST_READ, decode_content=False)
            response.close()
            response.raw = BytesIO(beginning)
            self.status = response.status_code
            return response

        connection.create_connection = connect
        requests.Session.send = send  # type: ignore[method-assign,assignment]


def _notify(guard: HttpGuard, request: dict[str, Any]) -> dict[str, Any]:
    """Send one message. `valid` in the answer tells whether Apprise reads the URL as one of the expected plugins."""
    allowed = request["allowed"]
    guard.allowed = None if allowed is None else tuple(ip_network(network) for network in allowed)
    guard.status, guard.forbidden = None, False
    asset = apprise.AppriseAsset(app_id="Mailprobe", async_mode=False, http_redirects=False)
    plugin = apprise.Apprise.instantiate(request["url"], asset=asset, suppress_exceptions=True)
    plugins = request["plugins"]
    if plugin is None or (plugins is not None and type(plugin).__name__ not in plugins):
        return {"valid": False}
    if request["title"] is None:
        return {"valid": True}
    sender = apprise.Apprise(asset=asset)
    sender.add(plugin)
    accepted = sender.notify(body=request["body"], title=request["title"], notify_type=_KINDS[request["tone"]])
    return {"valid": True, "accepted": bool(accepted), "status": guard.status, "forbidden": guard.forbidden}


def main() -> None:
    guard = HttpGuard()
    guard.install()
    answers = sys.stdout
    sys.stdout = sys.stderr  # the output of a plugin that prints must not be read as an answer
    for line in sys.stdin:
        try:
            answer = _notify(guard, json.loads(line))
        except Exception as error:  # noqa: BLE001 - a failing plugin must not stop the next message
            answer = {"valid": True, "accepted": False, "status": guard.status, "crashed": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
