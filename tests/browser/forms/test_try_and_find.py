"""A form is tried before it is saved, and a server is found by its address: by a script, with real agents and a mail
server that has no STARTTLS.
"""

from __future__ import annotations

from tests.browser.browser import Browser
from tests.browser.people import log_in
from tests.browser.watching import Watch
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer

_SET = "return document.getElementById(arguments[0]).value = arguments[1]"


def test_a_form_is_tried_and_the_next_step_is_taken(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer
) -> None:
    browser.open(f"{log_in(browser, product, watch)}monitors/new")
    watch.expect(r"/monitors/trials - Failed to load resource.* 400 ")  # the browser's own note of the wrong field
    browser.find("#host").type("127.0.0.1")
    browser.find("#port").type("smtp")
    browser.value(_SET, "tls", "required")
    browser.click("Try it first")
    eventually(lambda: browser.all("#wrong-port"), "the wrong field is marked in its place")
    assert browser.value("return document.activeElement.id") == "port"
    assert browser.value("return document.getElementById('host').value") == "127.0.0.1"

    browser.value(_SET, "port", str(mail_server.port))
    browser.click("Try it first")
    browser.sees(f"This server offers no STARTTLS on port {mail_server.port}. Did you mean port 587")
    browser.sees("It does not work from any country")
    assert not browser.all("#wrong-port")
    browser.click("Use it without encryption")
    browser.sees("It works from all 2 countries")
    assert browser.value("return document.getElementById('tls').value") == "none"
    assert browser.address.endswith("/monitors/new")
    assert "not encrypted" in browser.text


def test_a_server_is_found_by_its_address(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer
) -> None:
    browser.open(f"{log_in(browser, product, watch)}monitors/new")
    browser.find("#find").type(f"127.0.0.1:{mail_server.port}")
    browser.click("Find the server")
    browser.sees("6 servers may be meant; 1 answers as expected", 60)
    best = browser.texts("#discovery h3")[0]
    assert best.startswith(f"SMTP at 127.0.0.1, port {mail_server.port}, STARTTLS if offered")
    browser.find("#discovery .button").click()
    eventually(lambda: browser.all("#host"), "the form")
    assert browser.value("return document.getElementById('host').value") == "127.0.0.1"
    assert browser.value("return document.getElementById('port').value") == str(mail_server.port)
