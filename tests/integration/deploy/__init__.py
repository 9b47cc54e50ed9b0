"""The files of deploy: Compose, images, NATS configurations, systemd units and README examples."""
