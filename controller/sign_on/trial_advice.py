"""What helps when a step of trying a provider failed. Pure."""

from __future__ import annotations

from controller.sign_on.errors import ProviderError, ProviderFault

NO_MEMBER = (
    "OpenID Connect requires it. Check that the issuer is that of an OpenID Connect provider, and not of one that"
    " speaks OAuth 2.0 or SAML alone."
)
WRONG_ADDRESS = "Set the provider's own public address to the https URL that browsers use, in its settings."
OTHER_TYPE = "Compare the discovery document with the provider's documents, or ask whoever runs the provider."

_ADDRESS = (
    "Use an address that is public, or let whoever runs this installation allow its network with"
    " MAILPROBE_NOTIFY_ALLOW_NETWORKS of the controller."
)
_UNREACHABLE = (
    "Check the host and the port, whether a firewall lets this controller connect to them, and whether the certificate"
    " is valid for the host."
)
_FAILED_THERE = "It failed at the provider. Try again in a moment; if that helps nothing, the provider's log says more."
_REDIRECTED = "It leads to another address, and redirects are not followed. Enter the address that it leads to."
_NOT_FOR_ALL = "The provider must show this to everybody. Allow this controller to read it."
_NOT_FOUND = (
    "Nothing is at this address. Compare the issuer with what the provider shows: often a realm, tenant or version is"
    " missing at its end, such as /realms/example or /v2.0."
)
_NO_DOCUMENT = (
    "This is no discovery document, but perhaps a page for people. Open its address in a browser, and correct the"
    " issuer."
)
_NO_KEYS = "Open the address that the discovery document has as jwks_uri in a browser, and compare it with RFC 7517."
_UNUSABLE_KEYS = "Let the provider sign with a key of type RSA, EC or OKP, such as for RS256, and publish it."


def discovery_advice(error: ProviderError) -> str:
    return _advice(error, not_found=_NOT_FOUND, content=_NO_DOCUMENT)


def keys_advice(error: ProviderError) -> str:
    return _advice(error, not_found=_NO_KEYS, content=_NO_KEYS)


def _advice(error: ProviderError, *, not_found: str, content: str) -> str:
    match error.fault:
        case ProviderFault.ADDRESS:
            return _ADDRESS
        case ProviderFault.UNREACHABLE:
            return _UNREACHABLE
        case ProviderFault.STATUS:
            return _by_status(error.status or 0, not_found)
        case ProviderFault.KEYS:
            return _UNUSABLE_KEYS
        case _:
            return content


def _by_status(status: int, not_found: str) -> str:
    if status in (401, 403):
        return _NOT_FOR_ALL
    if 300 <= status < 400:
        return _REDIRECTED
    return _FAILED_THERE if status >= 500 or status == 429 else not_found
