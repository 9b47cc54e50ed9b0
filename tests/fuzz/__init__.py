"""Fuzzing: arbitrary bytes to everything that reads what others send, by hypothesis and by atheris.

Each target is a module with `SEEDS`, examples of what it reads, and `check(data)`, which raises only when a property
does not hold. `make fuzz` runs all targets by both engines; each input that fails is kept in `cases/`, and `make test`
runs all of them.
"""
