"""The alarms, one module for each part of the deployment that they watch.

To add an alarm: one call in the module of its part, with the text that the person on call reads. For a metric of
``runtime.metric_names`` that is ``alarms.count(METRIC, FIVE_MINUTES, Page(happened=…, money=…, look=…))``, as in
``lines``; for any other metric ``alarms.add``, as in ``queues``. A test asks for its row in docs/operations.md.
"""
