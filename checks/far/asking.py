"""Questions that Python answers at an instance: the modules that know are sent there, and run as they run here."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from checks.check import Context
from checks.contents import UnreadableError
from checks.far.carrying import Unreachable, run_there
from checks.query import parse_json
from checks.target import Instance

MAXIMUM_ANSWER = 96 << 20
"""Longest answer that is read: 96 MiB, most of it logs in base64."""
START = """\
import json, sys, types
for name, source in json.loads(sys.argv[1]):
    module = types.ModuleType(name)
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
try:
    told = {"answer": module.answer(**json.loads(sys.argv[2]))}
except Exception as problem:
    told = {"problem": "%s: %s" % (type(problem).__name__, problem)}
sys.stdout.write(json.dumps(told))
"""
"""Makes modules of the sources that it is given, and puts the question to the last of them."""


def ask(instance: Instance, module: str, context: Context, **question: Any) -> Any:
    """What `answer(**question)` of one of our modules says at an instance.

    The module may import, of ours, what its `SENT` names. Raises UnreadableError, with the instance's name, where
    there is no answer.
    """
    sent: tuple[str, ...] = (*import_module(module).SENT, module)
    sources = [("checks", ""), *((name, inspect.getsource(import_module(name))) for name in sent)]
    if "far" in module.split("."):
        sources.insert(1, ("checks.far", ""))
    argv = [instance.python, "-I", "-c", START, json.dumps(sources), json.dumps(question)]
    try:
        result = run_there(instance, argv, context, max_bytes=MAXIMUM_ANSWER)
    except Unreachable as problem:
        raise UnreadableError(str(problem)) from problem
    if result.timed_out:
        raise UnreadableError(f"{instance.name}: no answer within {context.timeout_s:g} s")
    if result.failure is not None or result.exit_code != 0 or result.stdout_truncated:
        why = result.failure or result.stderr.decode("utf-8", "replace").strip()[-300:] or "the answer is cut short"
        raise UnreadableError(f"{instance.name}: {instance.python} gave no answer: {why}")
    return _told(instance, parse_json(result.stdout))


def _told(instance: Instance, told: Any) -> Any:
    if not isinstance(told, Mapping) or not ({"answer", "problem"} & set(told)):
        raise UnreadableError(f"{instance.name}: the answer is none of ours")
    if "problem" in told:
        raise UnreadableError(f"{instance.name}: {told['problem']}")
    return told["answer"]
