"""Times as texts, remembered: hours and the clock's seconds are written over and over."""

from functools import lru_cache

from runtime import clock

iso = lru_cache(maxsize=4096)(clock.iso)
