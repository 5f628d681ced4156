"""What an engine announces, from its request to a note in the table of engines."""
