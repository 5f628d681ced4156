"""Commands that change something, a file for each: they show what they would do, and do it with ``--apply``."""
