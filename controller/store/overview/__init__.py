"""What the overview shows: one statement finds the monitors, one reads their rows, one reads what is wrong."""
