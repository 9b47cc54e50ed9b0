"""A mail says that some alerts will not arrive where it goes. It names only what its receiver may see."""

from __future__ import annotations

from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, addressed

RECEIVER = "ops@acme.test"
NAMED = (
    "Note: mail for acme.test is served by mx.acme.test, which is monitored here: an alert about that host will not"
    " arrive when it matters."
)
UNNAMED = NAMED.replace("mx.acme.test, which", "a host that")


async def _monitored(case: NotificationCase, *, by_another_customer: bool = False) -> None:
    monitor = await case.monitor(hostname="mx.acme.test")
    if by_another_customer:
        other = await case.value(
            "INSERT INTO customer (organization_id, name) VALUES ($1, 'Rival') RETURNING id", case.organization
        )
        await case.value("UPDATE monitor SET customer_id = $2 WHERE id = $1", monitor, other)
    await case.value("INSERT INTO mail_route (domain, hosts) VALUES ('acme.test', '{acme.test,mx.acme.test}')")


async def _text(case: NotificationCase, mail: SmtpSink) -> str:
    """The text of the mail about an outage of another host, the same in HTML, on one line."""
    await case.opened()
    await case.deliver_due()
    (received,) = mail.to(RECEIVER)
    plain, html = (" ".join(received.text(kind).split()) for kind in ("plain", "html"))
    for warning in (NAMED, UNNAMED):
        assert (warning in plain) == (warning in html)
    return plain


async def test_a_mail_to_the_organization_names_the_host(case: NotificationCase, mail: SmtpSink) -> None:
    await _monitored(case, by_another_customer=True)
    await case.channel("email", "Mail", {"to": RECEIVER})
    assert NAMED in await _text(case, mail)


async def test_a_mail_to_a_customer_names_a_host_of_that_customer(case: NotificationCase, mail: SmtpSink) -> None:
    await _monitored(case)
    await addressed(case, customer_notification_email=RECEIVER)
    assert NAMED in await _text(case, mail)


async def test_a_mail_to_a_customer_names_no_other_customers_host(case: NotificationCase, mail: SmtpSink) -> None:
    await _monitored(case, by_another_customer=True)
    await case.channel("email", "Mail", {"to": RECEIVER}, customer_id=case.customer)
    text = await _text(case, mail)
    assert UNNAMED in text
    assert "mx.acme.test" not in text


async def test_a_mail_to_a_monitors_channel_names_no_other_customers_host(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await _monitored(case, by_another_customer=True)
    await case.channel("email", "Mail", {"to": RECEIVER}, monitor_id=case.monitor_id)
    assert "mx.acme.test" not in await _text(case, mail)


async def test_a_mail_elsewhere_has_no_such_note(case: NotificationCase, mail: SmtpSink) -> None:
    await case.channel("email", "Mail", {"to": RECEIVER})
    assert "Note:" not in await _text(case, mail)
