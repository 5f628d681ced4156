"""Patches of how the emulator runs functions, each with its reason.

``launcher.py`` loads this inside ``.venv-cloud`` after it has checked the version, because all of it reaches into
internals. A patch that does not find its place in the emulator's code stops the start (RuntimeError).
"""

import hashlib
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

#: A worker's last line on stderr for one invocation.
END_OF_LOG = "\x1eend of log"


def replaced(text: str, old: str, new: str) -> str:
    """``text`` with ``new`` for ``old``. Raises RuntimeError unless ``old`` occurs exactly once."""
    if text.count(old) != 1:
        raise RuntimeError(f"expected once in the emulator's code, found {text.count(old)} times: {old[:80]!r}")
    return text.replace(old, new)


def real_exception_classes() -> None:
    """Gives a function's failure its exception class in ``errorType`` and its ``stackTrace``.

    The emulator says ``Runtime.HandlerError`` for every exception, so that Retry and Catch of a state machine, which
    compare that name, never match. It also ends the worker after each exception; on Lambda, and with this patch, the
    environment stays warm.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    # The failure travels as an ordinary answer, because the reader ends the process of any other.
    script = replaced(
        script,
        '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
        '{"status": "ok", "result": None, "fault": {"errorMessage": str(e), "errorType": type(e).__name__,'
        ' "requestId": context.aws_request_id, "stackTrace": traceback.format_tb(e.__traceback__)},'
        ' "trace": traceback.format_exc()}',
    )
    # An import that fails says where.
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
    """Runs functions in the given interpreter, with the given environment and their own variables.

    The emulator would use its own interpreter with its packages, and its own environment. A notice in the log says once
    that functions ask for another Python than this.
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

    # The emulator's own variables are not the functions', unless a function sets one itself.
    own = {name for name in os.environ if os.environ[name] != environment.get(name)}

    def popen(command: list[str], **named: Any) -> Any:
        if named.get("env"):
            named["env"] = {k: v for k, v in named["env"].items() if k not in own or v != os.environ.get(k)}
        return subprocess.Popen(command, **named)  # noqa: S603 (the emulator's own call)

    lambda_runtime._detect_runtime_binary = detecting
    lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": popen})


def code_unpacked_once(directory: Path) -> None:
    """Lets all workers with the same code share one unpacked copy and its bytecode, which save most of a cold start.

    The emulator unpacks the zip for each worker. Here the worker's directory gets a symbolic link instead.
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


def log_ends_with_its_invocation() -> None:
    """Ends the log of an invocation with a line that says so.

    The emulator waits at least 50 ms for lines, with each call, and gives late ones to the next invocation.
    """
    from ministack.core import lambda_runtime

    lambda_runtime._PYTHON_WORKER_SCRIPT = replaced(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        "        _real_stdout.flush()\n\nrun()",
        f"        _real_stdout.flush()\n        print({END_OF_LOG!r}, file=sys.__stderr__, flush=True)\n\nrun()",
    )
    drain = lambda_runtime.Worker._drain_stderr_bounded

    def draining(self: Any, *waits: float, **named_waits: float) -> str:
        if not str(self.config.get("Runtime", "")).startswith("python"):
            return str(drain(self, *waits, **named_waits))
        lines: list[str] = []
        deadline = time.monotonic() + 0.25
        while (left := deadline - time.monotonic()) > 0:
            try:
                line: str = self._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            text, marker, _ = line.partition(END_OF_LOG)
            if text or not marker:
                lines.append(text)
            if marker:
                break
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = draining


def apply(*, python: str, environment: Mapping[str, str], code: Path) -> None:
    """Installs all patches. ``code``: a directory for the unpacked code."""
    code.mkdir(parents=True, exist_ok=True)
    real_exception_classes()
    log_ends_with_its_invocation()
    bare_interpreter(python, environment)
    code_unpacked_once(code)
