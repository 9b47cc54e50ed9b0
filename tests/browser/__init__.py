"""The dashboard, and the example for browsers of docs/streaming.md, in a real browser."""
