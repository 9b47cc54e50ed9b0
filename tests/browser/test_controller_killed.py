"""A dead controller looks dead: the page says since when it is not live, and is live again when the controller is."""

from __future__ import annotations

import os
import signal

from tests.browser.browser import Browser
from tests.browser.people import log_in, shows_state
from tests.browser.watching import Watch
from tests.system import monitors
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer

_BANNER = "return !document.getElementById('live-banner').hidden && document.getElementById('live-banner').innerText"


def test_a_page_outlives_the_controller(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer
) -> None:
    watch.expect("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|503")
    monitor = monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True})
    try:
        browser.open(log_in(browser, product, watch))
        shows_state(browser, f"#m-{monitor}", "up")
        eventually(lambda: "Live" in browser.text, "live")
        pid = product.record["pids"]["controller"]
        os.kill(pid, signal.SIGSTOP)
        eventually(lambda: "not live since" in str(browser.value(_BANNER)).lower(), "the banner", 40)
        assert browser.title.startswith("?")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not browser.value(_BANNER), "live again")
        assert not browser.title.startswith("?")
        mail_server.stop()
        shows_state(browser, f"#m-{monitor}", "down")
    finally:
        monitors.delete(product, monitor)
