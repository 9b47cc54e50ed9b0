"""What holds up the event loops: every callback that runs for more than 5 ms, with the place where it was."""
