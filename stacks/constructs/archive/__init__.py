"""The archive's parts: its bucket, its table in Athena, what feeds it, and the tables' backups."""
