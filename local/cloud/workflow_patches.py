"""Patches of the emulator's Step Functions, each with its reason; ``launcher.py`` loads this as it does the others."""

import contextvars
import copy
import threading
from typing import Any


def branches_of_their_own() -> None:
    """Makes Parallel take JSONata, with variables of each branch's own (Step Functions Developer Guide, "Parallel" and
    "Passing data between states with variables").

    The emulator applies no ``Arguments``, ``Output`` and ``Assign``, and all branches share one set of variables and
    one count of retries. It also waits for the other branches where one has failed, and AWS stops them: no branch of
    ours fails.
    """
    from ministack.services import stepfunctions

    run = stepfunctions._run_parallel_branches

    def running(state: Any, given: Any, execution: Any, context: Any) -> Any:
        if stepfunctions._state_query_language(state, context) != "JSONata":
            return run(state, given, execution, context)
        asked = stepfunctions._apply_jsonata_arguments(state, given, context)
        branches = state["Branches"]
        results: list[Any] = [None] * len(branches)
        errors: list[Exception] = []

        def one(number: int, branch: Any) -> None:
            own = copy.deepcopy(context)
            try:
                results[number] = stepfunctions._run_sub_machine(
                    branch["States"], branch["StartAt"], copy.deepcopy(asked), execution, own
                )
            except Exception as error:
                errors.append(error)

        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(one, *numbered), daemon=True)
            for numbered in enumerate(branches)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            known = isinstance(errors[0], stepfunctions._ExecutionError)
            raise errors[0] if known else stepfunctions._ExecutionError("States.BranchFailed", str(errors[0]))
        output = stepfunctions._apply_jsonata_output(state, given, context, result=results, default=results)
        stepfunctions._apply_state_assign(state, given, context, result=results)
        return output, stepfunctions._next_or_end(state)

    stepfunctions._run_parallel_branches = running


def assigned_at_once() -> None:
    """Makes every expression of an ``Assign`` read the variables as they were when the state began, as on AWS.

    In the emulator an expression sees what the one before it has assigned.
    """
    from ministack.services import stepfunctions

    assign = stepfunctions._apply_state_assign

    def assigning(state: Any, given: Any, context: Any, result: Any = None, error_output: Any = None) -> None:
        if context is None:
            return
        before = context.setdefault("variables", {})
        after = dict(before)
        for name, template in (state.get("Assign") or {}).items():
            apart = {**context, "variables": dict(before)}
            assign({**state, "Assign": {name: template}}, given, apart, result=result, error_output=error_output)
            after[name] = apart["variables"].get(name)
        context["variables"] = after

    stepfunctions._apply_state_assign = assigning


def apply() -> None:
    """Installs all patches."""
    branches_of_their_own()
    assigned_at_once()
