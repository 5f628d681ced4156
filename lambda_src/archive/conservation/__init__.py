"""The conservation audit: what was reported, counted, sealed, included, carried and left over adds up."""
