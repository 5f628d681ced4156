"""Lambda functions: how one is made, what it may do, and the asset of its code."""
