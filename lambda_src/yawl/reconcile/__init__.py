"""From what an engine's log or its announcements say to usage events in a queue, each start exactly once.

The rules are pure. Logs, state, queues and the clock are passed in, so that the functions, the agent beside an engine
and the tests run the same code.
"""
