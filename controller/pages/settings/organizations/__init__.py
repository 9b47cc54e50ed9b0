"""The organization's own settings, and all organizations for those who run the installation."""
