"""Takes requests from the broker and sends results back: fetching, acceptance, pace, heartbeats."""
