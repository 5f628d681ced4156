"""The hourly workflow: one file per state, in the order in which they run."""
