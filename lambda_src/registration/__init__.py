"""A buyer arrives: Marketplace's form POST, the registration page, what is stored of him."""
