"""The alarms, one module for each part of the deployment that they watch.

To add an alarm: one call in the module of its part, with the text that the person on call reads. ``stacks.watch`` calls
each module with ``alarms.of(function)``, whose service's metrics the module reads. Where two parts count a metric, the
alarm stands with the part that its text sends the reader to.

- ``alarms.count(METRIC, FIVE_MINUTES, Page(happened=…, money=…, look=…), at_least=…)``: so many of a metric of
  ``runtime.metric_names`` in a period, as in ``lines``.
- ``alarms.level(METRIC, …)``: the last reading of such a metric, as in ``hours``.
- ``alarms.add(ID, metric, …)``: a metric of AWS, as in ``queues``.

Tests ask for the row in docs/operations.md, and for the changed template's snapshot.
"""
