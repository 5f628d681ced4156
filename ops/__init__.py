"""The operator's command: it shows what a deployed stage did, and repairs it. ``bin/ops`` starts it; docs/ops.md is the
user's side.

    stage.py     a stage as a command reaches it: tables, outputs, queues, clock, and who is asking
    command.py   a command: one function that answers, for the terminal (``__main__``) and for MCP (``mcp``) alike
    answer.py    what it answers: data for programs, the same in words and tables for people, what can be done next
    change.py    what a changing command would do; with ``--apply`` it is done and audited
    line_id.py   how lines, hours and events are named at the command line

    read/        the commands that only read, a file for each
    repair/      the commands that change something, a file for each
    month/       a month as a whole: its invoice by our own books, usage in and out as files

A command refuses with ``Refused``, one line that names the remedy, and exits with 2.
"""
