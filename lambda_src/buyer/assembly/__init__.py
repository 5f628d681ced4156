"""What the functions work with, put together from their settings; tests pass other tables and another Marketplace."""
