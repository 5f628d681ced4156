"""What is remembered of an engine's database between two readings of it: starts, usage that waits to be sent."""
