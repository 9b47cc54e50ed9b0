"""The form of a first monitor, short on purpose: it asks what a check cannot do without."""
