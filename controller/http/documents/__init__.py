"""JSON documents of our own API: what is wrong with them, what is ignored in them, and how changes are merged."""
