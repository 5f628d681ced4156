"""The event log that the project ships: made up, in the form of YAWL's export."""
