"""Rules of maintenance windows, and what they are in instants."""
