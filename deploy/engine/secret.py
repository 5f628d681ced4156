"""``make engine-secret``: a secret with which an engine may announce, and what to do with it. Nothing is stored."""

import hashlib
import secrets

from botocore.exceptions import BotoCoreError, ClientError

from deploy.deployed_stage import DeployedStage
from deploy.not_ready import NotReady
from deploy.target import reach
from stacks.stage import Stage
from yawl.engine import ENGINE_ID, Engine
from yawl.gateway.admission import MOST_SECRETS

#: Bytes of a secret: 256 bits, 43 letters that an address holds as they are.
BYTES = 32
#: The route behind the API's address.
ROUTE = "/yawl/v1"
#: Stands for the API's address while it is unknown.
NO_ADDRESS = "https://<the output ApiUrl of the stack Doors, without its last slash>"


def check_id(engine_id: str) -> None:
    """Raises NotReady for what cannot be an engine's id."""
    if not engine_id:
        raise NotReady("no engine is named: write ENGINE=<its id in the stage file>")
    if not ENGINE_ID.fullmatch(engine_id):
        raise NotReady(f"ENGINE={engine_id} cannot be an id: use 1 to 32 small letters, digits and hyphens")


def declared(stage: Stage, engine_id: str) -> Engine | None:
    """The stage's engine with this id; None if the stage file does not declare it yet.

    Raises NotReady where another secret would be of no use.
    """
    engine = next((each for each in stage.engines if each.id == engine_id), None)
    if engine and engine.mode == "log-only":
        raise NotReady(f'{engine_id} has mode = "log-only", which takes no announcements: set mode = "log" first')
    if engine and len(engine.secret_hashes) >= MOST_SECRETS:
        raise NotReady(
            f"{engine_id} has {MOST_SECRETS} secrets already: take the hash that the engine no longer uses out of"
            f" secretHashes in stages/{stage.name}.toml, deploy, and run this again"
        )
    return engine


def api_address(stage: Stage) -> str | None:
    """The API's address, without a slash at its end: its own name, or what the deployed stack says. None while the
    stage is not deployed, or cannot be reached with the credentials at hand."""
    if stage.domain:
        return f"https://{stage.domain.name}"
    try:
        return DeployedStage(target=reach(stage)).named_url
    except (NotReady, BotoCoreError, ClientError):
        return None


def instructions(stage_name: str, engine_id: str, engine: Engine | None, api: str | None) -> list[str]:
    """A new secret's address and hash, and what to do with them, as lines. Each call makes another secret."""
    secret = secrets.token_urlsafe(BYTES)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    before = engine.secret_hashes if engine else ()
    hashes = ", ".join(f'"{each}"' for each in (*before, hashed))
    replace = "REPLACE=1 " if before else ""
    lines = [
        f"1. stages/{stage_name}.toml, in the [[engines]] table of {engine_id}:",
        f"   secretHashes = [{hashes}]",
        f"2. make deploy STAGE={stage_name}, then wait a minute: functions keep an engine that long",
        f"3. make engine-register {replace}YAWL=<the engine's web application, for example https://yawl:8443/yawl>,",
        "   which asks for the address to register:",
        f"   {api or NO_ADDRESS}{ROUTE}/{engine_id}/{secret}",
    ]
    if before:
        lines += [
            "   Both addresses are valid now. REPLACE=1 takes the old one out of the engine.",
            f'4. secretHashes = ["{hashed}"] alone, and deploy again: the old secret is worth nothing then',
        ]
    return [*lines, "The address is shown this once and kept nowhere. If it is lost, make another."]
