"""The archive: every change of the ledger's tables in Amazon S3, and the audit that adds it up."""
