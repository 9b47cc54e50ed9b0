"""How Mailprobe is started: on one machine from this package, or by containers and systemd units in its folders."""
