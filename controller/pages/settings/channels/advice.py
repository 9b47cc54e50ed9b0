"""What became of a test of a channel, for its page: what was sent, what was answered, and what helps. Pure."""

from __future__ import annotations

import re

import msgspec

from controller.model.values.masking import masked
from controller.operations.channels.channel_tests import ChannelTestResult, TriedMessage
from controller.pages.settings.channels.words import kind_label, words_of_field

_BY_STATUS = {
    400: "It did not understand the request. Compare the body with what it takes; its answer often names the field.",
    401: "It does not let us in. Check the secret, token or Authorization header.",
    403: "It knows us and refuses. Check what the token may do, or whether the address of this controller is allowed.",
    404: "Nothing is at this address. Check the URL; a webhook that was deleted answers like this.",
    405: "It takes another method. Choose the one that it takes, mostly POST.",
    410: "This webhook was deleted there. Make a new one and enter its URL here.",
    413: "The body is too large for it. Use a shorter body.",
    415: "It takes another content type. Add a Content-Type header.",
    429: "It can be reached, and says that there are too many requests. Nothing needs to be done here.",
}
_BY_TEXT = (
    (
        "MAILPROBE_SMTP_HOST",
        "This installation has no mail relay yet. Whoever runs it sets MAILPROBE_SMTP_HOST, and restarts it.",
    ),
    (
        "MAILPROBE_SMS_URL",
        "This installation cannot send text messages yet. Whoever runs it sets MAILPROBE_SMS_URL, and restarts it.",
    ),
    ("mail relay refused", "The mail relay does not take this mail. Its answer says why: check the address first."),
    ("mail relay", "The mail relay could not be used. Whoever runs this installation checks MAILPROBE_SMTP_HOST."),
    ("certificate", "Its certificate is not trusted. Renew it there, or use the name that it is for."),
    ("private", "Notifications do not go to private addresses, unless whoever runs this allows the network."),
    ("incomplete", "The service does not know these values. Compare each with what it shows."),
    ("cannot connect", "Nothing answers at this host and port. Check both, and the firewall in front of it."),
    ("in time", "It answers too slowly. Try again; if that helps nothing, check that server, or raise the timeout."),
    ("closed the connection", "It ended the connection without an answer. Check whether the URL needs https."),
)
_ANSWERED = re.compile(r"answered ([1-5]\d\d)\b")
_OTHERWISE = "Compare each value with what the service shows, and try again."


class TriedView(msgspec.Struct, frozen=True, kw_only=True):
    """`advice` is what helps, empty after a success. `url` is without what could be a secret."""

    success: bool
    message: str
    advice: str
    errors: list[str]
    warnings: list[str]
    method: str = ""
    url: str = ""
    request_headers: list[tuple[str, str]] = []
    request_body: str = ""
    answered: bool = False
    status: str = ""
    duration_ms: int = 0
    answer_headers: list[tuple[str, str]] = []
    answer_body: str = ""
    messages: list[TriedMessage] = []


def tried_view(type_: str, done: ChannelTestResult) -> TriedView:
    request, response = done.request, done.response
    answered = response is not None and response.reachable
    return TriedView(
        success=done.success,
        message=masked(done.message),
        advice="" if done.success else _advice(done),
        errors=[_error(type_, text) for text in done.errors],
        warnings=done.warnings,
        method=request.method if request else "",
        url=masked(request.url) if request else "",
        request_headers=sorted(request.headers.items()) if request else [],
        request_body=request.body_preview if request else "",
        answered=answered,
        status=f"{response.status_code} {response.status_text or ''}".strip() if response and answered else "",
        duration_ms=response.duration_ms if response else 0,
        answer_headers=sorted(response.headers.items()) if response else [],
        answer_body=response.body_preview if response else "",
        messages=[msgspec.structs.replace(one, answer=masked(one.answer)) for one in done.messages],
    )


def incomplete(type_: str) -> str:
    """What is wrong when a service does not know its own values."""
    return f"is missing, or is not what {kind_label(type_)} gives out: compare it with the example"


def _advice(done: ChannelTestResult) -> str:
    if done.errors:
        return "Correct the values, and try again."
    found = _ANSWERED.search(done.message)
    status = done.response.status_code if done.response else int(found[1]) if found else None
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status is not None and status >= 500:
        return "It failed there. Try again in a moment; if that helps nothing, the log of that program says more."
    if status is not None and 300 <= status < 400:
        return "It sends us to another address, and redirects are not followed. Enter the address that it names."
    if status is not None and 200 <= status < 300:
        return "It answered, but this status is not among the accepted answers. Add it there, or leave them empty."
    return next((words for sign, words in _BY_TEXT if sign in done.message), _OTHERWISE)


def _error(type_: str, text: str) -> str:
    name, _, rule = text.partition(" ")
    if name == "config":
        return f"{words_of_field(type_, _first(type_)).label} {incomplete(type_)}"
    stored = {"config.phoneNumber": "to", "config.to": "to", "config.secret": _first(type_)}
    field = stored.get(name, name.removeprefix("config."))
    return f"{words_of_field(type_, field).label} {rule}"


def _first(type_: str) -> str:
    return "url" if type_ == "webhook" else "to" if type_ in {"email", "sms"} else "webhook_url"
