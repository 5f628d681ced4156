"""The state machines, their states, and what starts them."""
