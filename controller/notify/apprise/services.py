"""Chat and on-call services by Apprise: the plugins of each channel type, and how its config becomes an Apprise URL.

Every service accepts, as `secret`, the URL of an incoming webhook as the service prints it, or an Apprise URL; some
also accept their keys one by one. All messages of one incident carry the same key, so that an on-call service closes
the alert that it opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from controller.decisions.acknowledgement import BUTTONS, Lasts
from controller.errors import InvalidError
from controller.notify.message import Tone
from controller.notify.notice import GroupNotice, IncidentNotice, Notice

Config = Mapping[str, Any]


class AppriseService(NamedTuple):
    """`from_keys` makes the URL from single keys, or None when one is missing. `from_hook` makes it from the URL of an
    incoming webhook that Apprise does not accept unchanged. `thread` returns the query parameters to add for a notice,
    `buttons` those that let people take what it is about, by a link.
    """

    plugins: tuple[str, ...]
    needs: str
    from_keys: Callable[[Config], str | None] = lambda _: None
    from_hook: Callable[[str], str | None] = lambda _: None
    thread: Callable[[str, Tone], str] = lambda _thread, _tone: ""
    buttons: Callable[[str], str] = lambda _: ""


def service_url(
    name: str,
    config: Config,
    notice: Notice | None = None,
    tone: Tone = Tone.PLAIN,
    *,
    ack_link: str | None = None,
) -> str:
    """The Apprise URL of a channel. Raises InvalidError when its config lacks what the service needs."""
    service = SERVICES[name]
    hook = next((text for key in ("secret", "url", "webhookUrl") if (text := _text(config, key))), None)
    url = service.from_keys(config) or (hook and (service.from_hook(hook) or hook))
    if not url:
        raise InvalidError("config", f"of {name} needs {service.needs}")
    parameters = [
        service.thread(thread_of(notice), tone) if notice is not None and thread_of(notice) else "",
        service.buttons(ack_link) if ack_link else "",
    ]
    query = "&".join(filter(None, parameters))
    return url + (("&" if "?" in url else "?") + query if query else "")


def thread_of(notice: Notice) -> str:
    """A key that all notices about one incident, group or problem share; empty where there is only one notice."""
    match notice:
        case IncidentNotice():
            return str(notice.incident_public_id)
        case GroupNotice():
            return str(notice.thread or notice.group_public_id)
        case _:
            return notice.subject_id or ""


def _text(config: Config, name: str) -> str | None:
    value = config.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _q(text: str) -> str:
    return quote(text, safe="")


def _keys(pattern: str, *names: str) -> Callable[[Config], str | None]:
    """Fill the placeholders {0}, {1} … of the pattern with these keys of a config, all of which are required."""

    def url(config: Config) -> str | None:
        values = [_text(config, name) for name in names]
        return None if None in values else pattern.format(*(_q(value) for value in values if value))

    return url


def _hook(pattern: str, url_format: str) -> Callable[[str], str | None]:
    """Fill `url_format` with the named groups that `pattern` finds in a webhook's URL; {s} is "s" for https."""

    def url(hook: str) -> str | None:
        found = re.fullmatch(r"http(?P<s>s?)://" + pattern, hook)
        return url_format.format(**{name: value or "" for name, value in found.groupdict().items()}) if found else None

    return url


def _at_server(scheme: str, *, before: str | None, after: str) -> Callable[[Config], str | None]:
    """Make the URL from a server's `url`, the key that goes before its host, and the key that goes after its path."""

    def url(config: Config) -> str | None:
        server, suffix = urlsplit(_text(config, "url") or ""), _text(config, after)
        if server.scheme not in ("http", "https") or not server.netloc or suffix is None:
            return None
        login = _text(config, before) if before else None
        secure = "s" if server.scheme == "https" else ""
        path = server.path.strip("/")
        where = f"{server.netloc}/{path}/" if path else f"{server.netloc}/"
        return f"{scheme}{secure}://{_q(login) + '@' if login else ''}{where}{_q(suffix)}"

    return url


def _dedup(thread: str, _tone: Tone) -> str:
    return f"action=map&dedup={thread}"


def _alias(thread: str, tone: Tone) -> str:
    """The end of an incident is sent as a new alert of low priority: Apprise closes only alerts of the same process."""
    return f"alias={thread}-over&priority=low" if tone is Tone.BETTER else f"alias={thread}"


def _ntfy_buttons(link: str) -> str:
    """A button for each length of time, the three that ntfy allows. It posts by itself, and needs no page."""
    actions = [
        {
            "action": "http",
            "label": BUTTONS[lasts],
            "url": link,
            "method": "POST",
            "headers": {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            "body": f"for={lasts.value}",
            "clear": True,
        }
        for lasts in Lasts
    ]
    return f"actions={_q(msgspec.json.encode(actions).decode())}"


_HOOK = "secret (the URL of an incoming webhook, or an Apprise URL)"

SERVICES: dict[str, AppriseService] = {
    "dingtalk": AppriseService(
        ("NotifyDingTalk",),
        _HOOK,
        from_hook=_hook(r"oapi\.dingtalk\.com/robot/send\?access_token=(?P<token>\w+)", "dingtalk://{token}/"),
    ),
    "discord": AppriseService(("NotifyDiscord",), _HOOK),
    "github": AppriseService(
        ("NotifyGitHub",),
        "token, owner and repo, or secret (an Apprise URL)",
        from_keys=_keys("github://{0}@{1}/{2}", "token", "owner", "repo"),
    ),
    "googlechat": AppriseService(("NotifyGoogleChat",), _HOOK),
    "gotify": AppriseService(
        ("NotifyGotify",),
        "url and token, or secret (an Apprise URL)",
        from_keys=_at_server("gotify", before=None, after="token"),
    ),
    "ilert": AppriseService(
        ("NotifyILert",),
        "apiKey, or secret (an Apprise URL)",
        from_keys=_keys("ilert://{0}", "apiKey"),
        thread=_dedup,
    ),
    "incidentio": AppriseService(
        ("NotifyIncidentIO",),
        "sourceId and apiToken, or secret (an Apprise URL)",
        from_keys=_keys("incidentio://{0}/{1}", "sourceId", "apiToken"),
        thread=_dedup,
    ),
    "jira": AppriseService(
        ("NotifyJira",),
        "apiKey, or secret (an Apprise URL)",
        from_keys=_keys("jira://{0}", "apiKey"),
        thread=_alias,
    ),
    "lark": AppriseService(
        ("NotifyLark", "NotifyFeishu"),
        _HOOK,
        from_hook=_hook(r"open\.feishu\.cn/open-apis/bot/v2/hook/(?P<token>[\w-]+)", "feishu://{token}"),
    ),
    "matrix": AppriseService(
        ("NotifyMatrix",),
        "url, token and room, or secret (an Apprise URL)",
        from_keys=_at_server("matrix", before="token", after="room"),
    ),
    "mattermost": AppriseService(
        ("NotifyMattermost",),
        _HOOK,
        from_hook=_hook(r"(?P<where>[^?#]+)/hooks/(?P<token>\w+)", "mmost{s}://{where}/{token}"),
    ),
    "ntfy": AppriseService(
        ("NotifyNtfy",),
        "url and topic, or secret (an Apprise URL)",
        from_keys=_at_server("ntfy", before="token", after="topic"),
        from_hook=_hook(r"(?P<where>[^/?#]+)/(?P<topic>[\w-]+)", "ntfy{s}://{where}/{topic}"),
        buttons=_ntfy_buttons,
    ),
    "opsgenie": AppriseService(("NotifyOpsgenie",), "apiKey, or secret (an Apprise URL)", thread=_alias),
    "pagerduty": AppriseService(("NotifyPagerDuty",), "routingKey, or secret (an Apprise URL)", thread=_dedup),
    "pushover": AppriseService(
        ("NotifyPushover",),
        "userKey and apiToken, or secret (an Apprise URL)",
        from_keys=_keys("pover://{0}@{1}", "userKey", "apiToken"),
    ),
    "rocketchat": AppriseService(
        ("NotifyRocketChat",),
        _HOOK,
        from_hook=_hook(
            r"(?P<host>[^/?#]+)/hooks/(?P<first>\w+)/(?P<second>\w+)", "rocket{s}://{first}/{second}@{host}"
        ),
    ),
    "slack": AppriseService(("NotifySlack",), _HOOK),
    "squadcast": AppriseService(
        ("NotifySquadcast",),
        "apiKey, or secret (the URL of its webhook, or an Apprise URL)",
        from_keys=_keys("squadcast://{0}", "apiKey"),
        thread=_dedup,
    ),
    "teams": AppriseService(("NotifyWorkflows",), _HOOK),
    "telegram": AppriseService(
        ("NotifyTelegram",),
        "botToken and chatId, or secret (an Apprise URL)",
        from_keys=_keys("tgram://{0}/{1}", "botToken", "chatId"),
    ),
    "wecom": AppriseService(("NotifyWeComBot",), _HOOK),
}
