"""Monitors: how they are made and changed, checked at once, and by which policy their failures are believed."""
