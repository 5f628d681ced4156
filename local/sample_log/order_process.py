"""The invented process of the shipped log: its tasks, its teams, and the path of one order."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

CLOSES, OPENS = 19, 7  # Work items wait over night.

_TEAMS = {
    "order": "Ada Okafor,Bram de Wit,Chiara Lombardi,Daniel Osei,Emre Yildiz,Fatima Haddad,Greta Lindqvist,"
    "Hugo Pereira,Ines Duarte,Jonas Berg,Kavya Raman,Liam Byrne",
    "approval": "Marta Kowalska,Nils Aaberg,Olivia Grant,Pavel Horak",
    "carrier": "Quentin Leroy,Rosa Jiménez,Samir Nasser,Tove Holm,Umar Farouk,Vera Novak,Wim Janssens,Xenia Petrou",
    "warehouse": "Yusuf Demir,Zoë Müller,Anton Ruiz,Beatrix Kiss,Carlos Mota,Dina Levy,Erik Strand,Farah Aziz,"
    "Gustav Lund,Hana Sato",
    "finance": "Igor Petrov,Julia Weiss,Kofi Mensah,Lena Fischer,Mehmet Aslan,Nora Quinn",
}
TEAMS = {team: tuple(names.split(",")) for team, names in _TEAMS.items()}


@dataclass(frozen=True)
class Task:
    """One task of the net. team: None for a service. waits, takes: minutes on average."""

    name: str
    team: str | None
    waits: float
    takes: float


CREATE = Task("Create_Purchase_Order", "order", 4, 9)
APPROVE = Task("Approve_Purchase_Order", "approval", 25, 6)
MODIFY = Task("Modify_Purchase_Order", "order", 20, 8)
CONFIRM = Task("Confirm_Purchase_Order", None, 0.1, 0.2)
QUOTE = Task("Prepare_Transportation_Quote", "carrier", 35, 14)
APPOINT = Task("Arrange_Delivery_Appointment", "carrier", 40, 12)
SHIP = Task("Produce_Shipment_Notice", "warehouse", 70, 10)
INVOICE = Task("Issue_Shipment_Invoice", "finance", 45, 7)
PAY = Task("Process_Shipment_Payment", "finance", 200, 8)
TRACK = Task("Issue_Trackpoint_Notice", None, 90, 0.3)
ACCEPT = Task("Create_Acceptance_Certificate", "warehouse", 150, 9)


@dataclass(order=True)
class Row:
    """One event of a trace; YAWL orders them by time."""

    at: datetime
    sequence: int
    task: str = field(compare=False)
    transition: str = field(compare=False)
    instance: str = field(compare=False)
    resource: str | None = field(compare=False, default=None)
    data: tuple[tuple[str, str, str], ...] = field(compare=False, default=())


class Order:
    """One case: the events that it has logged, and its present time."""

    def __init__(self, case_id: int, start: datetime, chance: random.Random) -> None:
        self.case_id, self.now, self.chance = case_id, start, chance
        self.rows: list[Row] = []
        self.children = 0
        self.amount = round(chance.lognormvariate(6.2, 0.9), 2)
        self.clerk = chance.choice(TEAMS["order"])

    def run(self) -> None:
        """Runs the net from the order to its acceptance. One in nine orders is refused; some return for changes."""
        chance = self.chance
        self.do(CREATE, ("string", "PurchaseOrder/OrderNumber", f"PO-{self.case_id:05d}"))
        self.do(APPROVE, ("float", "PurchaseOrder/Total", f"{self.amount:.2f}"))
        while chance.random() < 0.16:
            self.do(MODIFY, ("string", "PurchaseOrder/Change", chance.choice(("quantity", "address", "article"))))
            self.do(APPROVE, ("float", "PurchaseOrder/Total", f"{self.amount:.2f}"))
        if chance.random() < 0.11:
            return
        self.do(CONFIRM)
        if self.amount > 700:  # Such orders go by freight, smaller ones by parcel.
            self.do(QUOTE, ("float", "Quote/Cost", f"{self.amount * 0.07:.2f}"))
            if chance.random() < 0.3:
                self.do(APPOINT, ("int", "Appointment/Dock", str(chance.randint(1, 9))))
        if chance.random() < 0.6:
            self.do(SHIP, ("int", "Shipment/Parcels", str(chance.randint(1, 6))))
        if chance.random() < 0.12:
            self.do(TRACK)
        if chance.random() < 0.2:
            self.do(INVOICE, ("float", "Invoice/Amount", f"{self.amount:.2f}"))
            if chance.random() < 0.3:
                self.do(PAY, ("boolean", "Payment/Received", "true"))
        if chance.random() < 0.06:
            self.do(ACCEPT, ("boolean", "Acceptance/Complete", "true"))

    def do(self, task: Task, *data: tuple[str, str, str]) -> None:
        """Offers a work item, lets a person of the team do it, and moves on to its end."""
        chance = self.chance
        self.log(task, "schedule", str(self.case_id))
        self.children += 1
        instance = f"{self.case_id}.{self.children}"
        self.wait(task.waits)
        person = None
        if task.team:
            person = self.clerk if task.team == "order" and chance.random() < 0.7 else chance.choice(TEAMS[task.team])
        self.log(task, "start", instance, person, (("int", "PurchaseOrder/Lines", str(1 + int(self.amount) % 7)),))
        if person and task.team and chance.random() < 0.03:
            self.wait(2)
            self.log(task, "suspend", instance, person)
            self.wait(30)
            self.log(task, "resume", instance, person)
        elif person and task.team and chance.random() < 0.02:
            person = chance.choice(TEAMS[task.team])
            self.wait(1)
            self.log(task, "reassign", instance, person)
        self.wait(task.takes)
        self.log(task, "complete", instance, person, data)

    def wait(self, minutes: float) -> None:
        """Lets time pass, at least half a second and past nights and Sundays."""
        self.now += timedelta(milliseconds=500 + int(self.chance.expovariate(1 / minutes) * 60_000))
        local = wall_clock(self.now)
        if local.hour >= CLOSES or local.hour < OPENS or local.weekday() == 6:
            days = 1 if local.hour >= CLOSES or local.weekday() == 6 else 0
            if (local + timedelta(days=days)).weekday() == 6:
                days += 1
            morning = local.replace(hour=OPENS, minute=0, second=0, microsecond=0) + timedelta(days=days)
            self.now = morning + timedelta(milliseconds=self.chance.randrange(5_400_000))

    def log(
        self,
        task: Task,
        transition: str,
        instance: str,
        resource: str | None = None,
        data: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        """Adds a row to the log at the order's present time. data: type, name and value of each attribute."""
        self.rows.append(Row(self.now, len(self.rows), task.name, transition, instance, resource, data))


def wall_clock(moment: datetime) -> datetime:
    """The engine's wall clock, Central European time (summer time ended on 2025-10-26, 01:00 UTC)."""
    summer = moment < datetime(2025, 10, 26, 1, tzinfo=UTC)
    return moment.astimezone(timezone(timedelta(hours=2 if summer else 1)))
