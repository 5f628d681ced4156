"""The listing's fulfilment URL, and what answers there."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from deploy.api_door import get
from deploy.deployed_stage import DeployedStage
from deploy.line import Line, green, red, yellow
from deploy.target import LOCAL_HOSTS
from stacks.stage import Stage

PATH = "/register"


def listed_line(stage: Stage, listed: Sequence[str], own: str | None) -> Line:
    """Whether the listing sends buyers to this stage. listed: the listing's fulfilment URLs. own: the stage's; None
    before it is deployed.

    Marketplace posts to exactly this address, so it is compared letter for letter. Several stages may share a listing,
    which sends buyers to only one of them.
    """
    about = "fulfilment URL"
    urls = " and ".join(listed) or "none"
    if own is None:
        return yellow(
            about,
            f"the listing has {urls}; the deployment gives the stage its own",
            "run this again after the deployment",
        )
    if own in listed:
        return green(about, f"the listing sends buyers to {own}")
    if not stage.is_live and listed:
        return yellow(
            about,
            f"the listing sends buyers to {urls}, not to this stage ({own})",
            f"nothing if that is another stage of yours, else set it to {own} in the AWS Marketplace Management Portal",
        )
    return red(
        about,
        f"the listing sends buyers to {urls}, and this stage is at {own}",
        f"set it to {own} in the AWS Marketplace Management Portal",
    )


def page_line(url: str, status: int | None, why: str = "") -> Line:
    """Whether the registration page answers. status: the answer to a GET, which the portal and a buyer's reload send;
    None where nothing answered."""
    about = "fulfilment page"
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOCAL_HOSTS:
        return red(about, f"{url} is not https", "Marketplace takes https only: put a certificate in front of it")
    if status is None:
        return red(about, f"{url} does not answer: {why}", "look at the address, its DNS and its certificate")
    if status != 200:
        return red(
            about, f"GET {url} answers {status}", "buyers cannot register: deploy, or look at what stands in front"
        )
    return green(about, f"GET {url} answers 200")


def page_lines(deployed: DeployedStage) -> Iterator[Line]:
    """The line of the registration page; none before the stage is deployed."""
    if deployed.api_url is None:
        return
    url = f"{deployed.api_url}{PATH}"
    try:
        yield page_line(url, get(url).status)
    except BotoCoreError as failure:
        yield page_line(url, None, str(failure))
