"""The metrics of a controller: its own counters, the state of its process, and the state of the installation."""
