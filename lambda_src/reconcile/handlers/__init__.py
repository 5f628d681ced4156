"""The entry points of the audits, which schedules call."""
