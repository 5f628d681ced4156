"""Workers as processes of their own: started, listened to, stopped."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Worker:
    """One process. ``steps``, ``episodes``: as last heard. ``last``: its report at its end."""

    process: "subprocess.Popen[str]"
    steps: int = 0
    episodes: int = 0
    last: dict[str, Any] | None = None

    def hear(self, line: str) -> None:
        said = json.loads(line)
        self.steps, self.episodes = said["steps"], said["episodes"]
        if "failure" in said:
            self.last = said

    @property
    def failure(self) -> dict[str, Any] | None:
        return self.last["failure"] if self.last else None


@dataclass
class Tally:
    """The sum over several workers."""

    steps: int = 0
    episodes: int = 0
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)


def start(seed: int, *, steps: int, first: int = 0, every: int = 1, code: Path | None = None) -> Worker:
    """code: another ``lambda_src`` than the project's."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, code or ROOT / "lambda_src", ROOT / "marketplace-local"))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "tests.simulation.worker", "--seed", str(seed), "--steps", str(steps)]
    command += ["--first", str(first), "--every", str(every)]
    process = subprocess.Popen(  # our own program
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return Worker(process)


def listen(workers: list[Worker]) -> Iterator[Worker]:
    """Each worker that reports, until all have ended. Raises RuntimeError if one ends without its last report."""
    with DefaultSelector() as selector:
        for worker in workers:
            assert worker.process.stdout is not None
            selector.register(worker.process.stdout, EVENT_READ, worker)
        while selector.get_map():
            for key, _ in selector.select():
                worker = key.data
                line = worker.process.stdout.readline()
                if line:
                    worker.hear(line)
                    yield worker
                    continue
                selector.unregister(worker.process.stdout)
                _, problem = worker.process.communicate()
                if worker.last is None and worker.process.returncode != -15:
                    raise RuntimeError(problem[-2000:])


def stop(workers: list[Worker]) -> None:
    """Ends the workers that still run."""
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.terminate()
            worker.process.wait()


def tally(workers: list[Worker]) -> Tally:
    total = Tally()
    for worker in workers:
        total.steps += worker.steps
        total.episodes += worker.episodes
        said: Mapping[str, Any] = worker.last or {}
        for site, fault, count in said.get("coverage", ()):
            total.coverage[site, fault] += count
        if worker.failure:
            total.failures.append(worker.failure)
    return total
