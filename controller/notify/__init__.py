"""Notifications to people: notices, their texts, and a module or folder for each transport."""
