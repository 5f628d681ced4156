"""What is deployed: one file per stack, wiring only; what they are made of is in ``constructs``."""
