"""The commands that only read."""
