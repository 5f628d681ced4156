"""The entry points, one module for each function, so that a cold start imports what that function needs."""
