"""Notifications, sent to real mail and web servers."""
