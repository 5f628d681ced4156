"""The event log that the project ships: invented, in the form of YAWL's export."""
