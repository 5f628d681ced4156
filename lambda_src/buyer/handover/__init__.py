"""A buyer goes on into the vendor's app: a signed hand-over that can be used once."""
