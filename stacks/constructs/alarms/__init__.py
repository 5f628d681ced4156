"""Alarms by kind of worry. Each takes the metrics' owner and the routes; none knows who is woken."""
