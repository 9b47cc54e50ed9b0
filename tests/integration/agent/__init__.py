"""The agent as a whole: requests, results, heartbeats, metrics, and its commands."""
