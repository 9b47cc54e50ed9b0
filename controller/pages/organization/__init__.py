"""Where somebody who works for every organization chooses one."""
