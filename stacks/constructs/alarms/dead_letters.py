"""What it means that messages are in a queue that nobody takes from."""

from stacks.constructs.alarms.alarm import Meaning

START = Meaning(
    happened="EventBridge Scheduler could not start a metering run and put the start into the dead-letter queue.",
    money="Its lines stay pending until the next run, for 24 hours at most.",
    look="Look at the dead letter for the error and at the schedule's role; start a run with {}.",
)
LEAVING = Meaning(
    happened="A change of a subscriber who leaves could not be handled and is in the dead-letter queue of the stream.",
    money="His last hours are billed only if the look every five minutes has started final metering.",
    look="Look at the log of start-final-metering, and at the executions of final metering for his key.",
)
LOOK = Meaning(
    happened="EventBridge Scheduler could not invoke look-after-leavers and put the call into the dead-letter queue.",
    money="Nothing is lost if the next look works; otherwise a buyer's last hours may not be billed.",
    look="Look at the dead letter for the error and at the schedule's role.",
)
FAILED_LINES = Meaning(
    happened="Lines of usage failed, and a copy of each is in the failed-lines queue.",
    money="Each names whether it is unconfirmed, that is, may have been billed all the same.",
    look="Look at 'A failed line, dealt with' in docs/operations.md, and delete the copy when its line is dealt with.",
)
NOTICES_ABROAD = Meaning(
    happened="EventBridge could not pass an event of AWS Marketplace on to the stage's Region and put it into the"
    " dead-letter queue.",
    money="A buyer's start or end is missing: his usage waits, or is not billed in time.",
    look="Look at the dead letter for the error, mend the rule's role or the bus, then send the event to the stage's"
    " default bus again.",
)
