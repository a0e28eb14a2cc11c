"""The benchmark: `make bench`. Our own servers and processes, made-up people, one table of figures at the end (see docs/bench.md)."""
