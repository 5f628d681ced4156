"""``make smoke STAGE=``: tries a deployed stage by its own API and queue. It only reads, unless WRITE=1.

doors.py         the API answers, and refuses unsigned requests
watch.py         all alarms exist, and none rings
queues.py        who may send to the queues
metering.py      workflows and schedules
write.py         WRITE=1: one event of a named test buyer by API and queue, both voided, and one run
"""
