"""One change of all monitors that a filter of the overview finds: what will happen, before it happens."""
