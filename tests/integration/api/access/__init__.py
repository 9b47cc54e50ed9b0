"""Roles and scopes on every route, and authentication."""
