"""What the vendor's app is told of its customers: events, derived from changes of the tables, and where they go."""
