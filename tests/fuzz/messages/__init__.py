"""Targets: messages and files that come from other parts of an installation, or from whoever is in their place."""
