"""Commands on the archive: complete it from the tables, and make tables of it."""
