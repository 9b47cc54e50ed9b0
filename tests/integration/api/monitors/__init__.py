"""The routes of monitors in Uptimeify's form, their policies and triggers."""
