"""Tests of checks over real sockets on 127.0.0.1, against scripted servers and real ones."""
