"""The access logs of a load balancer before the engine: calls of its interfaces, and the bytes that these moved."""
