"""The buyer's life: registration, the notices about the subscription, and what the contract includes."""
