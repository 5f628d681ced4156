"""A month as a whole: its invoice by our own books, and usage in and out as files."""
