"""Usage is reported: each event is recorded once, or taken back, by the API and by the queue alike."""
