"""A page for each kind of failure: what it means, how to see it by hand, what to do."""
