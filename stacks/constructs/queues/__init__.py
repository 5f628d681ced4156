"""SQS queues: for Marketplace's notices, for usage, and for messages that failed."""
