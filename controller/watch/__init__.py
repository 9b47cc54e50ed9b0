"""The event stream in a terminal: what to show, under which names, as which lines, and the following of it."""
