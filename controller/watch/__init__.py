"""The event stream in a terminal: the filter, the names of monitors, the lines, and following the stream."""
