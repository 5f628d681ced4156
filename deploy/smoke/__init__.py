"""``make smoke STAGE=``: whether a deployed stage works, by its own doors. It only reads, unless WRITE=1.

doors.py         the API answers, and is closed to whoever is not signed in
watch.py         alarms are there, and none rings
queues.py        who may send to the queues
metering.py      workflow and schedules
write.py         WRITE=1: one event of a named test buyer by each door, taken back again, and one run
"""
