"""A discrete-event model of the hourly workflow, and the service times that are its input."""
