"""Report what is pending, at risk and failed, as the two indexes have it."""
