"""What to know about a login at providers that take no ordinary password from programs."""

from __future__ import annotations

_BY_APPLICATION = (
    "{name} takes no ordinary password from programs. Make an application password in the account's security settings,"
    " and give that."
)
_BY_OAUTH = (
    "{name} takes no passwords from programs, only access tokens (OAuth 2.0). Give an access token, or check without a"
    " login."
)
_ANY = (
    "The server refused this user and password. The user is often the whole e-mail address. With two-factor login it"
    " may need an application password."
)
_PROVIDERS = (
    ("Google", _BY_APPLICATION, ("gmail.com", "googlemail.com", "google.com")),
    ("Yahoo", _BY_APPLICATION, ("yahoo.com", "yahoodns.net", "aol.com")),
    ("Apple", _BY_APPLICATION, ("icloud.com", "me.com", "apple.com")),
    ("Fastmail", _BY_APPLICATION, ("fastmail.com", "messagingengine.com")),
    ("Microsoft 365", _BY_OAUTH, ("office365.com", "outlook.com", "hotmail.com", "live.com")),
)


def login_advice(host: str) -> str:
    """In a sentence or two, by who runs the server."""
    for name, text, domains in _PROVIDERS:
        if any(host == domain or host.endswith(f".{domain}") for domain in domains):
            return text.format(name=name)
    return _ANY
