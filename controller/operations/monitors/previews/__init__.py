"""What another policy would have opened in the last days, found out in a process beside the controller."""
