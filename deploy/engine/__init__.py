"""An engine's address: its secret is made, and the address is registered in the engine."""
