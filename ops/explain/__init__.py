"""``ops explain``: what happened to a line or an event, and what an error means."""
