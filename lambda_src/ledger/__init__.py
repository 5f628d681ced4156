"""What is stored, and how it may change."""
