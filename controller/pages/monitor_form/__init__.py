"""The form of a monitor: a new one, a changed one and a copy of one. It has the fields of the monitor's kind."""
