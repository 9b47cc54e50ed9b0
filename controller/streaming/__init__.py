"""The live event stream: one reader of EVENTS a controller, and the open streams that it feeds."""
