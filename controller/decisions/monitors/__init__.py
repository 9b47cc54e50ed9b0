"""The rules for the values of a monitor, and the defaults of new ones."""
