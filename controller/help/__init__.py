"""What each kind of failure means, how to see it by hand, and what to do: for pages, messages and docs/failures.md."""
