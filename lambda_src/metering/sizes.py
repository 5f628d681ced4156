"""How much of a run's work goes where: pages, chunks, lanes, and how many of them at once.

A run works on pages of hours. Sealing and settling take a page in chunks of keys, the submitter in lanes of batches.
While one page is sent, the next one is found, sealed and planned, so preparing has to be the faster of the two. At 8
calls a second 40 customer-hours with 5 lines each are sent in a second. Sealing one takes a tenth of a second.
"""

#: The most keys of a page.
PAGE_KEYS = 800
#: The most keys of a run's first page, so that sending begins soon. Each page may be twice as large as the one before:
#: a page must not take longer to prepare than the one before it takes to send.
FIRST_PAGE_KEYS = 200
#: The most bytes of a page's keys and of its lines' names. They travel through the workflow's state, which takes
#: 256 KiB (Step Functions quotas, "Maximum input or output size for a task, state, or execution").
PAGE_BYTES = 180_000
#: The most bytes of a page's keys alone. The workflow assigns the keys of two pages and the lanes of one at once, and
#: one ``Assign`` takes 256 KiB (Step Functions Developer Guide, "Passing data between states with variables").
KEYS_BYTES = 45_000
#: The most bytes of a page's lanes, which travel beside its chunks of keys.
LANES_BYTES = 150_000
#: Hours that one call of the sealing or settling function takes.
KEYS_PER_CALL = 20
#: Calls of the sealing and of the settling function at once.
SEAL_CONCURRENCY = 10
SETTLE_CONCURRENCY = 4
#: The most batches of a page: many lines may have to travel alone, and what is planned should not wait long.
PAGE_BATCHES = 600
#: Seconds that one lane takes at the pace of its copy of the submitter. A copy has a gap between two lanes, and others
#: (final metering, another run) get a copy only in such gaps.
LANE_SECONDS = 6
#: The most lanes of a page, but for a copy's share of them: an execution's history has to hold their events, however
#: few batches a copy sends in ``LANE_SECONDS``.
PAGE_LANES = 60
