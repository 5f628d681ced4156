"""DynamoDB with faults: a loopback proxy between the stage's functions and the local cloud.

    with LocalStage(clock=clock, dynamodb_faults=True) as stage:
        stage.dynamodb_faults.arm("lost-answer", operation="TransactWriteItems", table="yawl-metering-records-local")

The functions reach it through ``AWS_ENDPOINT_URL_DYNAMODB``. It passes everything on until a test arms a fault.
"""

from local.fault_proxy.faults import ProxyFault
from local.fault_proxy.proxy import FaultProxy
from local.fault_proxy.request import Request

__all__ = ["FaultProxy", "ProxyFault", "Request"]
