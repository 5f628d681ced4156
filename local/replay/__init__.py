"""Replays a log against the deployed local stage: buyers, usage, the hours of a day, and the reckoning."""
