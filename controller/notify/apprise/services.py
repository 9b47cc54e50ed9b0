"""Chat and on-call services by Apprise: which of its plugins a type of channel is, and the URL its config makes.

Every service takes, as `secret`, the incoming webhook's URL as the service prints it, or an Apprise URL; some take
their keys one by one. What belongs to one incident carries one key, by which on-call services close what they opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from controller.errors import InvalidError
from controller.notify.message import Tone
from controller.notify.notice import IncidentNotice, Notice

Config = Mapping[str, Any]


class Service(NamedTuple):
    """`from_keys` makes the URL of single keys, None when some are missing; `from_hook` of an incoming webhook's URL
    that Apprise does not know as it is. `thread` is what is added to the URL for a notice.
    """

    plugins: tuple[str, ...]
    needs: str
    from_keys: Callable[[Config], str | None] = lambda _: None
    from_hook: Callable[[str], str | None] = lambda _: None
    thread: Callable[[str, Tone], str] = lambda _thread, _tone: ""


def service_url(name: str, config: Config, notice: Notice | None = None, tone: Tone = Tone.PLAIN) -> str:
    """The Apprise URL of a channel. Raises InvalidError when its config lacks what the service needs."""
    service = SERVICES[name]
    hook = next((text for key in ("secret", "url", "webhookUrl") if (text := _text(config, key))), None)
    url = service.from_keys(config) or (hook and (service.from_hook(hook) or hook))
    if not url:
        raise InvalidError("config", f"of {name} needs {service.needs}")
    more = service.thread(thread_of(notice), tone) if notice is not None and thread_of(notice) else ""
    return url + (("&" if "?" in url else "?") + more if more else "")


def thread_of(notice: Notice) -> str:
    """The same for all that is told of one matter; empty for what stands alone."""
    return str(notice.incident_public_id) if isinstance(notice, IncidentNotice) else notice.subject_id or ""


def _text(config: Config, name: str) -> str | None:
    value = config.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _q(text: str) -> str:
    return quote(text, safe="")


def _keys(pattern: str, *names: str) -> Callable[[Config], str | None]:
    """A URL of keys that must all be there, in the places {0}, {1} … of the pattern."""

    def url(config: Config) -> str | None:
        values = [_text(config, name) for name in names]
        return None if None in values else pattern.format(*(_q(value) for value in values if value))

    return url


def _hook(pattern: str, made: str) -> Callable[[str], str | None]:
    """A URL of the named groups of a hook's URL; {s} is "s" for https."""

    def url(hook: str) -> str | None:
        found = re.fullmatch(r"http(?P<s>s?)://" + pattern, hook)
        return made.format(**{name: value or "" for name, value in found.groupdict().items()}) if found else None

    return url


def _at_server(scheme: str, *, before: str | None, after: str) -> Callable[[Config], str | None]:
    """Of a server's own `url` and the keys that go before its name and after its path."""

    def url(config: Config) -> str | None:
        server, last = urlsplit(_text(config, "url") or ""), _text(config, after)
        if server.scheme not in ("http", "https") or not server.netloc or last is None:
            return None
        login = _text(config, before) if before else None
        secure = "s" if server.scheme == "https" else ""
        path = server.path.strip("/")
        where = f"{server.netloc}/{path}/" if path else f"{server.netloc}/"
        return f"{scheme}{secure}://{_q(login) + '@' if login else ''}{where}{_q(last)}"

    return url


def _dedup(thread: str, _tone: Tone) -> str:
    return f"action=map&dedup={thread}"


def _alias(thread: str, tone: Tone) -> str:
    """Apprise closes here only what the same process has opened: so the end is a quiet alert of its own."""
    return f"alias={thread}-over&priority=low" if tone is Tone.BETTER else f"alias={thread}"


_HOOK = "secret (the URL of an incoming webhook, or an Apprise URL)"

SERVICES: dict[str, Service] = {
    "dingtalk": Service(
        ("NotifyDingTalk",),
        _HOOK,
        from_hook=_hook(r"oapi\.dingtalk\.com/robot/send\?access_token=(?P<token>\w+)", "dingtalk://{token}/"),
    ),
    "discord": Service(("NotifyDiscord",), _HOOK),
    "github": Service(
        ("NotifyGitHub",),
        "token, owner and repo, or secret (an Apprise URL)",
        from_keys=_keys("github://{0}@{1}/{2}", "token", "owner", "repo"),
    ),
    "googlechat": Service(("NotifyGoogleChat",), _HOOK),
    "gotify": Service(
        ("NotifyGotify",),
        "url and token, or secret (an Apprise URL)",
        from_keys=_at_server("gotify", before=None, after="token"),
    ),
    "ilert": Service(
        ("NotifyILert",),
        "apiKey, or secret (an Apprise URL)",
        from_keys=_keys("ilert://{0}", "apiKey"),
        thread=_dedup,
    ),
    "incidentio": Service(
        ("NotifyIncidentIO",),
        "sourceId and apiToken, or secret (an Apprise URL)",
        from_keys=_keys("incidentio://{0}/{1}", "sourceId", "apiToken"),
        thread=_dedup,
    ),
    "jira": Service(
        ("NotifyJira",),
        "apiKey, or secret (an Apprise URL)",
        from_keys=_keys("jira://{0}", "apiKey"),
        thread=_alias,
    ),
    "lark": Service(
        ("NotifyLark", "NotifyFeishu"),
        _HOOK,
        from_hook=_hook(r"open\.feishu\.cn/open-apis/bot/v2/hook/(?P<token>[\w-]+)", "feishu://{token}"),
    ),
    "matrix": Service(
        ("NotifyMatrix",),
        "url, token and room, or secret (an Apprise URL)",
        from_keys=_at_server("matrix", before="token", after="room"),
    ),
    "mattermost": Service(
        ("NotifyMattermost",),
        _HOOK,
        from_hook=_hook(r"(?P<where>[^?#]+)/hooks/(?P<token>\w+)", "mmost{s}://{where}/{token}"),
    ),
    "ntfy": Service(
        ("NotifyNtfy",),
        "url and topic, or secret (an Apprise URL)",
        from_keys=_at_server("ntfy", before="token", after="topic"),
        from_hook=_hook(r"(?P<where>[^/?#]+)/(?P<topic>[\w-]+)", "ntfy{s}://{where}/{topic}"),
    ),
    "opsgenie": Service(
        ("NotifyOpsgenie",),
        "apiKey, or secret (an Apprise URL)",
        from_keys=_keys("opsgenie://{0}", "apiKey"),
        thread=_alias,
    ),
    "pagerduty": Service(
        ("NotifyPagerDuty",),
        "routingKey, or secret (an Apprise URL)",
        from_keys=_keys("pagerduty://{0}@{0}", "routingKey"),
        thread=_dedup,
    ),
    "pushover": Service(
        ("NotifyPushover",),
        "userKey and apiToken, or secret (an Apprise URL)",
        from_keys=_keys("pover://{0}@{1}", "userKey", "apiToken"),
    ),
    "rocketchat": Service(
        ("NotifyRocketChat",),
        _HOOK,
        from_hook=_hook(
            r"(?P<host>[^/?#]+)/hooks/(?P<first>\w+)/(?P<second>\w+)", "rocket{s}://{first}/{second}@{host}"
        ),
    ),
    "slack": Service(("NotifySlack",), _HOOK),
    "squadcast": Service(
        ("NotifySquadcast",),
        "apiKey, or secret (the URL of its webhook, or an Apprise URL)",
        from_keys=_keys("squadcast://{0}", "apiKey"),
        thread=_dedup,
    ),
    "teams": Service(("NotifyWorkflows",), _HOOK),
    "telegram": Service(
        ("NotifyTelegram",),
        "botToken and chatId, or secret (an Apprise URL)",
        from_keys=_keys("tgram://{0}/{1}", "botToken", "chatId"),
    ),
    "wecom": Service(("NotifyWeComBot",), _HOOK),
}
