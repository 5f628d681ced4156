"""The Agreement API's view of buyers: their agreements, what those provide, and which agreement follows which."""
