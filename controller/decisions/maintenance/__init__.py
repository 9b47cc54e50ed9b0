"""When planned work is: rules of a window, wall-clock times, occurrences, and what a window does to a check. Pure."""
