"""``make drill``: faults on the deployed stage, from the first failure to the last repaired unit.

Each scenario is a file of ``scenarios``: it causes a fault, waits by simulated time until the stage's alarm calls a
person, and runs the commands of that alarm's runbook as they stand in ``docs/runbooks``. In the end every unit of its
buyers is billed once, or stands in the ledger under a name.
"""
