"""The differences between the emulator as published and as we run it: each small, named, with its reason.

Imported by ``launcher.py`` inside ``.venv-cloud``, after the version was checked: all of this reaches into internals.
A patch whose place in the emulator's code is not as expected stops the start (``PatchFailed``), it is never skipped.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class PatchFailed(RuntimeError):
    """The emulator's code is not what a patch was written for."""


def replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise PatchFailed(f"expected once in the emulator's code, found {text.count(old)} times: {old[:80]!r}")
    return text.replace(old, new)


def real_exception_classes() -> None:
    """A function's failure carries its exception class in ``errorType`` and its ``stackTrace``.

    The emulator says ``Runtime.HandlerError`` whatever was raised, so that Retry and Catch of a state machine, which
    go by that name, never match. It also ends the worker process after each exception; on Lambda the environment of
    a handled exception stays warm, and so it does here.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    # the answer travels as an ordinary one, because the reader ends the process of any other
    script = replaced(
        script,
        '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
        '{"status": "ok", "result": None, "fault": {"errorMessage": str(e), "errorType": type(e).__name__,'
        ' "requestId": context.aws_request_id, "stackTrace": traceback.format_tb(e.__traceback__)},'
        ' "trace": traceback.format_exc()}',
    )
    # an import that fails says where
    script = replaced(
        script, '{"status": "error", "error": str(e)}', '{"status": "error", "error": traceback.format_exc()}'
    )
    lambda_runtime._PYTHON_WORKER_SCRIPT = script

    last = threading.local()
    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm

    def remembering(self: Any, *arguments: Any, **named: Any) -> Any:
        answer = invoke(self, *arguments, **named)
        last.fault, last.trace = answer.get("fault"), answer.get("trace", "")
        return answer

    def executing(func: Any, event: Any, request_id: str) -> Any:
        last.fault = None
        result = execute(func, event, request_id)
        if last.fault is None:
            return result
        log = "\n".join(filter(None, [result.get("log", ""), last.trace]))
        return {"body": last.fault, "error": True, "log": log}

    lambda_runtime.Worker.invoke = remembering
    lambda_svc._execute_function_warm = executing


def bare_interpreter(python: str, environment: Mapping[str, str]) -> None:
    """Functions run in the given interpreter, with the given environment and their own variables.

    The emulator would use its own interpreter, packages and all, and its own environment. Where the function asks for
    another Python than there is, a notice says so, once.
    """
    from ministack.core import lambda_runtime

    version = subprocess.run(  # noqa: S603 (the project's own interpreter)
        [python, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    detect = lambda_runtime._detect_runtime_binary
    noticed: set[str] = set()

    def detecting(runtime: str) -> tuple[str, str]:
        if not runtime.startswith("python"):
            binary, script = detect(runtime)
            return str(binary), str(script)
        if runtime != f"python{version}" and runtime not in noticed:
            noticed.add(runtime)
            sys.stderr.write(f"NOTICE functions ask for {runtime}; here they run on Python {version}\n")
        return python, str(lambda_runtime._PYTHON_WORKER_SCRIPT)

    # variables that are the emulator's own, not the functions' (unless a function sets one itself: it did on purpose)
    own = {name for name in os.environ if os.environ[name] != environment.get(name)}

    def popen(command: list[str], **named: Any) -> Any:
        if named.get("env"):
            named["env"] = {k: v for k, v in named["env"].items() if k not in own or v != os.environ.get(k)}
        return subprocess.Popen(command, **named)  # noqa: S603 (the emulator's own call)

    lambda_runtime._detect_runtime_binary = detecting
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen})


def code_unpacked_once(directory: Path) -> None:
    """All workers with the same code share one unpacked copy, and so its bytecode: most of a cold start.

    The emulator unpacks the zip for each worker; the worker's directory gets a symbolic link instead.
    """
    from ministack.core import lambda_runtime

    lock = threading.Lock()

    class OnceUnpacked(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            if Path(path).name != "code":
                super().extractall(path, members, pwd)
                return
            with Path(str(self.filename)).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
            copy = directory / digest
            with lock:
                if not copy.is_dir():
                    fresh = copy.with_suffix(".fresh")
                    shutil.rmtree(fresh, ignore_errors=True)
                    super().extractall(fresh)
                    fresh.rename(copy)
            Path(path).rmdir()
            Path(path).symlink_to(copy, target_is_directory=True)

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": OnceUnpacked})


def secure_transport() -> None:
    """``aws:SecureTransport`` is true: the loopback address stands for the TLS endpoints of AWS.

    Otherwise the TLS-only statement of each queue and topic denies every delivery.
    """
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolving(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolving


def agreement_events(*, seller: str, marketplace: str) -> None:
    """Marketplace's account, and no other, may put events of source ``aws.agreement-marketplace``.

    On AWS they arrive on the default bus of the seller's account; PutEvents refuses a source that begins with
    ``aws.`` to everybody (NotAuthorizedForSourceException), and so it stays for all other callers.
    """
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import eventbridge

    put = eventbridge._put_events

    def putting(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        sources = {entry.get("Source") for entry in data.get("Entries", [])}
        if get_account_id() != marketplace or sources != {"aws.agreement-marketplace"}:
            return put(data, allow_aws_source)
        on_the_default_bus = [{**entry, "EventBusName": "default"} for entry in data["Entries"]]
        with request_scope(seller, get_region()):
            return put({**data, "Entries": on_the_default_bus}, True)

    eventbridge._put_events = putting


def subscriptions_across_accounts() -> None:
    """A stack's subscription to another account's topic is a real one, made by Subscribe under the topic's policy.

    The emulator's CloudFormation looks for topics in its own account only, and where there is none it reports success
    without having subscribed anything: an absent topic and a policy that refuses would both pass unnoticed.
    """
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import sns
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]
    if handlers["create"] is not provisioners._sns_sub_create:
        raise PatchFailed("AWS::SNS::Subscription is not created by the function that was expected")

    def creating(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        del logical_id, stack_name
        request = {name: props.get(name, "") for name in ("TopicArn", "Protocol", "Endpoint")}
        for number, (name, value) in enumerate(provisioners._sns_sub_attributes(props).items(), start=1):
            request[f"Attributes.entry.{number}.key"] = name
            request[f"Attributes.entry.{number}.value"] = value
        with request_scope(get_account_id(), props.get("Region") or get_region()):
            status, _, body = sns._subscribe(request)
        text = body.decode() if isinstance(body, bytes) else str(body)
        if status >= 400:
            raise ValueError(" ".join(re.findall(r"<(?:Code|Message)>([^<]*)<", text)) or text)
        arn = re.findall(r"<SubscriptionArn>([^<]*)<", text)[0]
        return arn, {"Arn": arn}

    handlers["create"] = provisioners._sns_sub_create = creating


def apply(
    *, function_python: str, function_environment: Mapping[str, str], code: Path, seller: str, marketplace: str
) -> None:
    """All of them; raises PatchFailed."""
    code.mkdir(parents=True, exist_ok=True)
    patches: list[Callable[[], None]] = [
        real_exception_classes,
        lambda: bare_interpreter(function_python, function_environment),
        lambda: code_unpacked_once(code),
        secure_transport,
        subscriptions_across_accounts,
        lambda: agreement_events(seller=seller, marketplace=marketplace),
    ]
    for patch in patches:
        patch()
