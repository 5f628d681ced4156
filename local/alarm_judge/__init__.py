"""CloudWatch's judgement of the synthesized alarms, as a pure function of recorded metrics.

    alarms = read_alarms(templates)
    recording = Recording()
    recording.put("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "UsageQueue1A2B3C4D"}, minute=7, value=950)
    judgement = judge(alarms.values(), recording, range(0, 60))
    judgement.calls  # who was called, and in which minute

A value of a dimension that refers to a resource is that resource's logical id. Time is in whole minutes, since
CloudWatch evaluates alarms of such periods once a minute. ``pump`` does the same beside a running local cloud, whose
own CloudWatch knows neither periods nor missing data.
"""

from local.alarm_judge.alarms import Alarm, read_alarms
from local.alarm_judge.judge import Call, Judgement, judge
from local.alarm_judge.metric_alarm import State
from local.alarm_judge.recording import Recording

__all__ = ["Alarm", "Call", "Judgement", "Recording", "State", "judge", "read_alarms"]
