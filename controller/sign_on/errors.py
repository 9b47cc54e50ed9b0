"""Why a provider could not sign somebody in."""

from __future__ import annotations


class ProviderError(Exception):
    """The provider is away, or what it answers is wrong. The message is for administrators and holds no secret."""
