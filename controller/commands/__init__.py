"""The controller's commands by subject. Each module adds its own to the command line with `add(commands)`."""
