"""The loops of the controller, in the order of a check: schedule, dispatch, ingest, evaluate, incident, notify."""
