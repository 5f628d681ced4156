"""Find what the hourly run meters: due hours, page by page, and active customers whose hour has no usage yet."""
