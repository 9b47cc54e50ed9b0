"""Locations, their keys, their agents, and the periods in which they were blind."""
