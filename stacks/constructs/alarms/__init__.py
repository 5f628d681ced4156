"""Alarms by kind of worry. Each takes the metrics' owner and the routes; none knows who is woken.

A metric alarm tells by itself (``alarm.add_alarm``), or it is silent and a composite alarm speaks for it
(``symptoms``): what a failing store sets off is told only if the store is not down.
"""
