"""The types of channel there are. One is added by a file, or a row in `services`, and a line here."""

from __future__ import annotations

from controller.notify.apprise.services import SERVICES
from controller.notify.channels import (
    Group,
    Kind,
    check_email,
    check_sms,
    check_webhook,
    send_email,
    send_sms,
    send_webhook,
    service,
)

CHANNELS: dict[str, Kind] = {
    "email": Kind(Group.EMAIL, check_email, send_email),
    "sms": Kind(Group.APPRISE, check_sms, send_sms),
    "webhook": Kind(Group.WEBHOOK, check_webhook, send_webhook),
    **{name: service(name) for name in SERVICES},
}
