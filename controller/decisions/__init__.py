"""Pure decisions: functions of their arguments, without I/O, clock or randomness of their own."""
