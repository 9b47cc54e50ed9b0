"""An agent: a function with a mailbox. A request comes in, a check runs, its result goes out; there is no database."""
