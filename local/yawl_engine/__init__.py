"""A stand-in for a YAWL 6.1 engine and its resource service, on 127.0.0.1: ``python -m local.yawl_engine``.

    with StandInEngine(now=clock) as yawl:
        yawl.engine.load(Specification("UID_…", "0.1", "Orders"))
        yawl.engine.register("http://127.0.0.1:9000/announcements")
        yawl.engine.launch("UID_…", by="workletService")
        yawl.arm("lose", every=10, times=None)
        yawl.restart()

To the outside it behaves as the engine was seen to behave: interface A registers services, interface B launches and
cancels cases, announcements go out with Java's habits, and the log gateways answer with all their peculiarities. The
contract suite (``tests/yawl_contract``) holds it to a living engine. It runs no work items: a case completes by itself
if its specification has no task for anybody, and else when ``complete`` is called.
"""

from local.yawl_engine.engine import Engine, Refused
from local.yawl_engine.faults import Fault
from local.yawl_engine.server import StandInEngine
from local.yawl_engine.specification import Specification

__all__ = ["Engine", "Fault", "Refused", "Specification", "StandInEngine"]
