"""Notification rules: which kinds of channels are used for which types of checks."""
