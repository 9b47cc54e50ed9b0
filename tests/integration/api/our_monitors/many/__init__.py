"""The list of monitors of our own API, and changes of many at once."""
