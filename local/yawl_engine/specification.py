"""What the stand-in knows of a process model: its name, its root net, and whether a case waits for anybody."""

from dataclasses import dataclass
from typing import Self
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, fromstring

NAMESPACE = "{http://www.yawlfoundation.org/yawlschema}"
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True)
class Specification:
    """One version. net: the root net's id. waiting_task: the first task that a service or a person has to do; None:
    a case completes within its launch."""

    identifier: str
    version: str
    uri: str
    net: str = "Net"
    waiting_task: str | None = None

    @property
    def name(self) -> str:
        """As messages name it."""
        return f"{self.uri} - version {self.version}"

    @classmethod
    def from_xml(cls, text: str) -> Self:
        """Reads a specification set of YAWL's schema 4.0. Raises ValueError if it is none."""
        try:
            found = fromstring(text).find(f"{NAMESPACE}specification")
        except ParseError as error:
            raise ValueError(str(error)) from error
        if found is None:
            raise ValueError("Cannot find the declaration of a specification.")
        metadata = f"{NAMESPACE}metaData/{NAMESPACE}"
        net = next(d for d in found.iter(f"{NAMESPACE}decomposition") if d.get("isRootNet") == "true")
        return cls(
            identifier=found.findtext(f"{metadata}identifier", ""),
            version=found.findtext(f"{metadata}version", "0.1"),
            uri=found.get("uri", ""),
            net=net.get("id", ""),
            waiting_task=_waiting_task(found, net),
        )


def _waiting_task(specification: Element, net: Element) -> str | None:
    """A task with a decomposition that is not a net is work for a service or a person."""
    work = {d.get("id") for d in specification.iter(f"{NAMESPACE}decomposition") if d.get(KIND) != "NetFactsType"}
    for task in net.iter(f"{NAMESPACE}task"):
        decomposition = task.find(f"{NAMESPACE}decomposesTo")
        if decomposition is not None and decomposition.get("id") in work:
            return task.get("id")
    return None
