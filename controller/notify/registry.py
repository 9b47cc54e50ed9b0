"""All channel types. To add one, write a module (or a row in `notify.apprise.services`, or a service in
`notify.handover`) and add a line here.
"""

from __future__ import annotations

from controller.notify.apprise.services import SERVICES
from controller.notify.channels import (
    ChannelGroup,
    ChannelType,
    check_email,
    check_sms,
    check_webhook,
    send_email,
    send_sms,
    send_webhook,
    service,
)
from controller.notify.handover.services import HANDED_OVER, handed_over
from controller.notify.telegram import with_button

CHANNELS: dict[str, ChannelType] = {
    "email": ChannelType(ChannelGroup.EMAIL, check_email, send_email),
    "sms": ChannelType(ChannelGroup.SMS, check_sms, send_sms),
    "webhook": ChannelType(ChannelGroup.WEBHOOK, check_webhook, send_webhook),
    **{name: service(name) for name in SERVICES},
    "telegram": with_button(service("telegram")),
    **{name: handed_over(name) for name in HANDED_OVER},
}
