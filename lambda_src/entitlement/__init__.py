"""What a contract includes: fetched anew whenever Marketplace says that it may have changed."""
