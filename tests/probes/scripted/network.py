"""Checks that end before a server replies: names, addresses, routes, and our own faults. The same for every probe."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import IpFamily
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS
from tests.fakes.name_server import AAAA, Answering, Wrong
from tests.fakes.scripted_server import Pause
from tests.probes.scripted.case import Case, case, fails, passes
from tests.probes.scripted.smtp import BYE, OPEN

check = partial(case, SmtpTarget, host="mail.test")
anonymous = partial(check, login=None)
server = (*OPEN, *BYE)
V6 = "::1"

_NAMES: dict[str, Case] = {
    "a name with an address is found": anonymous(server, passes(), zone={"mail.test": [ADDRESS]}),
    "an unknown name is the target's fault": check(None, fails("dns_not_found@resolve"), zone={}),
    "a name without an address is the target's fault": check(
        None, fails("dns_not_found@resolve"), zone={"mail.test": Wrong.EMPTY}
    ),
    "a name server that fails for this name only is the target's fault": check(
        None, fails("dns_error@resolve"), zone={"mail.test": Wrong.FAILURE}
    ),
    "a name server that keeps silent about this name only is the target's fault": check(
        None, fails("timeout@resolve"), zone={"mail.test": Wrong.SILENCE}, timeout=2.0
    ),
    "an unknown name is the resolver's fault where the control name is unknown too": check(
        None, fails("dns_not_found@resolve", "resolver"), zone={}, control_name="control.test"
    ),
    "a name server that fails for every name is the resolver's fault": check(
        None,
        fails("dns_error@resolve", "resolver"),
        zone={"mail.test": Wrong.FAILURE, "control.test": Wrong.FAILURE},
        control_name="control.test",
    ),
    "an alias of a name with an address is found": anonymous(
        server, passes(), zone={"mail.test": ["CNAME host.test"], "host.test": [ADDRESS]}
    ),
    "a loop of aliases is the target's fault": check(
        None, fails("dns_not_found@resolve"), zone={"mail.test": ["CNAME host.test"], "host.test": ["CNAME mail.test"]}
    ),
    "a name server that takes half a second is waited for": anonymous(
        server, passes(), zone={"mail.test": Answering([ADDRESS], seconds=0.5)}
    ),
    "a name server that takes longer than the check times out": check(
        None,
        fails("timeout@resolve"),
        zone={"mail.test": Answering([ADDRESS], seconds=9.0), "control.test": [ADDRESS]},
        timeout=2.0,
        control_name="control.test",
    ),
    "a name server that is silent about IPv6 does not fail the check": anonymous(
        server, passes(), zone={"mail.test": Answering([ADDRESS], silent_about=(AAAA,))}
    ),
    "a name server that is silent about IPv6 only fails the check that needs it": check(
        None,
        fails("timeout@resolve"),
        zone={"mail.test": Answering([ADDRESS], silent_about=(AAAA,)), "control.test": [ADDRESS]},
        timeout=2.0,
        control_name="control.test",
        ip_family=IpFamily.IPV6,
    ),
    "a family without an address is the target's fault": check(
        None, fails("dns_not_found@resolve"), zone={"mail.test": [ADDRESS]}, ip_family=IpFamily.IPV6
    ),
}

_ADDRESSES: dict[str, Case] = {
    "an address an agent may not reach is forbidden": check(
        None, fails("address_forbidden@resolve", "agent"), host="10.0.0.1"
    ),
    "a name for an address an agent may not reach is forbidden": check(
        None, fails("address_forbidden@resolve", "agent"), zone={"mail.test": ["169.254.169.254"]}
    ),
    "a forbidden address beside another is left out": anonymous(
        server, passes(), zone={"mail.test": ["10.0.0.1", ADDRESS]}
    ),
    "nobody listening is refused": check(None, fails("refused@connect"), host=ADDRESS),
    "no address listening is refused": check(None, fails("refused@connect"), zone={"mail.test": [V6, ADDRESS]}),
    "a connection that is never answered times out": check(
        None, fails("timeout@connect"), host=ADDRESS, silent=(ADDRESS,), timeout=2.0
    ),
    "a dead IPv6 address beside IPv4 does not fail the check": anonymous(
        server, passes(), zone={"mail.test": [V6, ADDRESS]}
    ),
    "a silent IPv6 address beside IPv4 does not fail the check": anonymous(
        server, passes(), zone={"mail.test": [V6, ADDRESS]}, silent=(V6,)
    ),
    "a dead IPv6 address is not tried where IPv4 is required": anonymous(
        server, passes(), zone={"mail.test": [V6, ADDRESS]}, silent=(V6,), ip_family=IpFamily.IPV4
    ),
    "a dead IPv6 address fails the check where IPv6 is required": check(
        None, fails("refused@connect"), zone={"mail.test": [V6, ADDRESS]}, ip_family=IpFamily.IPV6
    ),
    "a silent IPv6 address alone times out": check(
        None, fails("timeout@connect"), zone={"mail.test": [V6]}, silent=(V6,), timeout=2.0
    ),
    "dead addresses of both families beside a good one do not fail the check": anonymous(
        server, passes(), zone={"mail.test": [V6, "127.0.0.2", "127.0.0.3", ADDRESS]}
    ),
    "one dead IPv4 address of two does not fail the check": anonymous(
        server, passes(), zone={"mail.test": ["127.0.0.2", ADDRESS]}
    ),
    "one silent IPv4 address of two does not fail the check": anonymous(
        server, passes(), zone={"mail.test": ["127.0.0.2", ADDRESS]}, silent=("127.0.0.2",)
    ),
}

CASES: dict[str, Case] = {
    **_NAMES,
    **_ADDRESSES,
    "a check slower than the monitor's limit passes with a warning": anonymous(
        (Pause(0.03), *server), passes("slow"), host=ADDRESS, warning_ms=10
    ),
    "a login sealed for another location is our own fault": check(
        None, fails("agent_error", "agent"), host=ADDRESS, sealed_for="us"
    ),
}
