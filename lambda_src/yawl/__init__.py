"""A YAWL engine's usage: the engine pushes hints, its own log is the truth, and both lead to the same events."""
