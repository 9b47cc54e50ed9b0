"""Targets: whole dialogues with mail servers that send anything."""
