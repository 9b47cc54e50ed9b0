"""Credentials of subscribers and what they allow."""
