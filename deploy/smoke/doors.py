"""The API answers, and refuses unsigned requests."""

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError

from deploy.api_door import Answer, ApiDoor
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow

#: No customer has this billing key.
NOBODY = "smoke-nobody-has-this-name"
LOGS = "look at the function's log group and the API's access log"


def health_line(answer: Answer) -> Line:
    """Whether the API answers that it is well."""
    if answer.status == 200 and answer.json == {"status": "ok"}:
        return green("GET /health", "is ok")
    return red("GET /health", f"answers {answer.status}", LOGS)


def closed_line(answer: Answer) -> Line:
    """Whether the API is closed to strangers. answer: to an unsigned read of a subscriber, which the gateway itself
    must refuse."""
    about = "unsigned GET /subscribers"
    if answer.status in (401, 403):
        return green(about, f"is turned away ({answer.status})")
    return red(
        about, f"answers {answer.status}: the API may be open to everybody", "deploy again; its routes ask for IAM"
    )


def missing_line(answer: Answer) -> Line:
    """Whether the whole way works. answer: to a signed read of a missing subscriber, which passes through gateway,
    function and table."""
    about = "signed GET /subscribers of nobody"
    if answer.status == 404 and answer.code == "not_found":
        return green(about, "answers 404 not_found, as it has to")
    if answer.status == 403:
        return yellow(
            about,
            "these credentials may not call it",
            "give them execute-api:Invoke on GET /subscribers/* of this API (docs/smoke-policy.json)",
        )
    return red(about, f"answers {answer.status} {answer.code}".rstrip(), LOGS)


def door_of(deployed: DeployedStage) -> ApiDoor | None:
    """The stage's API, called with the caller's credentials; None before it has an address."""
    return ApiDoor(deployed.api_url, deployed.target.session, deployed.stage.region) if deployed.api_url else None


def door_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The lines of three requests that change nothing: health, an unsigned read and a signed one."""
    door = door_of(deployed)
    if door is None:
        yield red("API", "has no address", f"run `make deploy STAGE={deployed.stage.name}`")
        return
    try:
        yield health_line(door.call("GET", "/health", signed=False))
        yield closed_line(door.call("GET", f"/subscribers/{NOBODY}", signed=False))
        yield missing_line(door.call("GET", f"/subscribers/{NOBODY}"))
    except BotoCoreError as failure:
        yield red(
            "API", f"{deployed.api_url} does not answer: {failure}", "look at the address, its DNS and its certificate"
        )
