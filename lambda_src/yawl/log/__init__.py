"""Reads a YAWL engine's own log (interface E) and its resource service's log, over HTTP."""
