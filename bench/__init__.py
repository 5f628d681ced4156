"""Benchmarks: ``make bench`` measures every figure and writes docs/benchmarks.md; ``make bench B=imports`` one of them.

One module for each figure, with a function ``measure(say)`` that returns a ``Figure``. A figure is a ratio within one
run (or a count, which no machine changes), so that it says the same on a fast and on a busy machine. The designs that
ours is compared with are rebuilt small in ``designs/``, and run on the same events and the same DynamoDB.
"""
