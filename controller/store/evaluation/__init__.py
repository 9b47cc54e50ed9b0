"""Evaluations that wait, the state of each monitor, rechecks, outages and probe problems."""
