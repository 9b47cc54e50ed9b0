"""How Mailprobe uses NATS. Only this package and controller/broker import the NATS client."""
