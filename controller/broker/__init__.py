"""The controller's use of JetStream: the streams and consumers, their backlog, and reading a stream by sequence."""
