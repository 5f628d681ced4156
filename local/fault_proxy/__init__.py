"""DynamoDB with faults: a loopback proxy between the stage's functions and the local cloud.

    with LocalStage(dynamodb_faults=True) as stage:
        stage.dynamodb_faults.arm("lost-answer", operation="TransactWriteItems", table="yawl-metering-records-local")

Functions reach it by ``AWS_ENDPOINT_URL_DYNAMODB``. ``faults``: what may be armed. Nothing is, unless asked for.
"""

from local.fault_proxy.faults import Fault, FaultBoard
from local.fault_proxy.proxy import FaultProxy
from local.fault_proxy.request import Request

__all__ = ["Fault", "FaultBoard", "FaultProxy", "Request"]
