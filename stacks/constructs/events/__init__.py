"""What the vendor's app is told: ordered queues, the stream of balances, the webhook."""
