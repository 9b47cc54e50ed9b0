"""Sending of notifications: what is claimed, what one attempt does, and how much a transport takes."""
