"""The commands of mailprobe-agent, except `run`."""
