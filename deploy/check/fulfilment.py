"""Where the listing sends buyers, and what answers there."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from deploy.api_door import get
from deploy.line import Line, green, red, yellow
from deploy.stage_there import StageThere
from deploy.target import LOCAL_HOSTS
from stacks.stage import Stage

PATH = "/register"


def listed_line(stage: Stage, listed: Sequence[str], own: str | None) -> Line:
    """listed: the listing's fulfilment URLs. own: the stage's; None before it is deployed.

    Marketplace posts to the very address, so it is compared letter for letter. Several stages may share a listing, and
    only one of them can be where it sends buyers.
    """
    about = "fulfilment URL"
    there = " and ".join(listed) or "none"
    if own is None:
        return yellow(
            about,
            f"the listing has {there}; the stage's own is known when it is deployed",
            "run this again after the deployment",
        )
    if own in listed:
        return green(about, f"the listing sends buyers to {own}")
    if not stage.is_live and listed:
        return yellow(
            about,
            f"the listing sends buyers to {there}, not to this stage ({own})",
            f"nothing if that is another stage of yours, else set it to {own} in the AWS Marketplace Management Portal",
        )
    return red(
        about,
        f"the listing sends buyers to {there}, and this stage is at {own}",
        f"set it to {own} in the AWS Marketplace Management Portal",
    )


def page_line(url: str, status: int | None, why: str = "") -> Line:
    """status: of a GET, as the portal and a buyer's reload make it; None where nothing answered."""
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


def page_lines(there: StageThere) -> Iterator[Line]:
    """Only of a deployed stage."""
    if there.api_url is None:
        return
    url = f"{there.api_url}{PATH}"
    try:
        yield page_line(url, get(url).status)
    except BotoCoreError as failure:
        yield page_line(url, None, str(failure))
