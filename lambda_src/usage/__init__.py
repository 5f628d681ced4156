"""Usage is reported."""
