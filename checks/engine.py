"""Runs what was selected: stage after stage, checks of a stage side by side, each when what it needs has ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from checks.check import Check, Context
from checks.checklist import Stage
from checks.entries import Entry
from checks.events import Event, EventName, Listener
from checks.execution import execute, not_run, utc_now
from checks.identification import mismatch
from checks.journal import Journal
from checks.last_go import Lineage
from checks.outcome import Result, Status, Verdict
from checks.past import Past
from checks.plan import Plan
from checks.programs import child_environment
from checks.redacted_record import redacted
from checks.reuse import Reuse
from checks.run_folder import RunFolder
from checks.schedule import due_at, waiting
from checks.verdict import of_results
from checks.waiving import waived

DEFAULT_JOBS = max(4, os.cpu_count() or 1)
"""Checks side by side: most of them wait, so there may be more than cores."""


@dataclass(frozen=True)
class Options:
    """How a run is made."""

    jobs: int = DEFAULT_JOBS
    fail_fast: bool = False
    interactive: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)


class Engine:
    """One run of a plan. `stop` ends it early: running checks are told to stop, the rest is not started."""

    def __init__(
        self,
        plan: Plan,
        past: Past,
        folder: RunFolder,
        journal: Journal,
        listener: Listener,
        options: Options,
        stop: threading.Event,
    ) -> None:
        self.plan = plan
        self.past = past
        self.reuse = Reuse(plan, past)
        self.folder = folder
        self.journal = journal
        self.listener = listener
        self.options = options
        self.stop = stop
        self.started_at = utc_now()
        self.waivers = (*plan.loaded.checklist.waivers, *past.waivers)
        self.results: dict[str, Result] = {}
        self.stage_verdicts: dict[str, Verdict | None] = {}
        self.anew: set[str] = set()
        """What was looked at in this session, or came out otherwise than before."""
        self._environment = child_environment()
        self._lineage = Lineage(
            run=folder.path,
            run_id=folder.run_id,
            product=plan.loaded.checklist.release.name,
            profile=plan.loaded.profile,
            reference=plan.is_of_reference,
        )
        self._failed = False

    def run(self) -> dict[str, Result]:
        """Run every stage in order; returns a result for every check of the checklist, in its order."""
        by_stage: dict[str, dict[str, Entry]] = {stage.id: {} for stage in self.plan.loaded.checklist.stages}
        for entry in self.plan.loaded.entries:
            by_stage[entry.stage][entry.id] = entry
        for stage in self.plan.loaded.checklist.stages:
            entries = by_stage[stage.id]
            self._emit("stage_started", {"stage": stage.id, "title": stage.title, "checks": len(entries)})
            self._run_stage(stage, entries)
            verdict = of_results(self.results[name] for name in entries)
            self.stage_verdicts[stage.id] = verdict
            self._emit("stage_finished", {"stage": stage.id, "verdict": verdict.value if verdict else None})
        return {entry.id: self.results[entry.id] for entry in self.plan.loaded.entries}

    def _run_stage(self, stage: Stage, entries: Mapping[str, Entry]) -> None:
        order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(entries, ()))
        for name in entries:
            order.add(name, *(each for each in self.plan.dependencies.wanted_by(name) if each in entries))
        order.prepare()
        ready: list[Entry] = []
        running: dict[Future[Result], Entry] = {}
        with ThreadPoolExecutor(self.options.jobs, thread_name_prefix=f"stage {stage.id}") as pool:
            while order.is_active():
                ready += [entries[name] for name in order.get_ready()]
                entry = self._next(ready, running.values())
                settled = None if entry is None else self._settled(stage, entry)
                if entry is None:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        self._ended(future.result())
                        order.done(running.pop(future).id)
                elif settled is None:
                    self._emit("check_started", {"check": entry.id, "title": self._title(entry)})
                    running[pool.submit(self._look, entry)] = entry
                else:
                    self._settle(settled)
                    order.done(entry.id)

    def _next(self, ready: list[Entry], running: Collection[Entry]) -> Entry | None:
        """Take the first of `ready` that may begin beside what is running; None where one of those must end before."""
        if len(running) >= self.options.jobs:
            return None
        busy = {entry.header.exclusive for entry in running} - {None}
        for number, entry in enumerate(ready):
            if entry.header.exclusive not in busy:
                return ready.pop(number)
        return None

    def _settled(self, stage: Stage, entry: Entry) -> Result | None:
        """The result of a check that need not be looked at; None where it must be."""
        header = entry.header
        facts = {"covers": header.covers, "required": header.required, "trial": header.trial, "kind": header.kind}

        facts["earlier"] = self.reuse.earlier(entry, self.anew)

        def settled(status: Status, reason: str) -> Result:
            return not_run(entry.id, self._title(entry), stage.id, status, reason, **facts)

        check = self.plan.checks.get(entry.id)
        if check is not None:
            facts |= {"runbook": check.runbook, "why": check.why, "parts": tuple(getattr(check, "part_ids", ()))}
            facts["expected"] = {name: str(expected) for name, expected in check.expect.items()}
        if entry.id not in self.plan.selected:
            return settled(Status.NOT_SELECTED, "outside the selection")
        if header.not_applicable is not None:
            return settled(Status.NOT_APPLICABLE, header.not_applicable)
        if entry.after is not None:
            before = [self.results[name] for name in self.plan.dependencies.after[entry.id]]
            due = due_at(entry.after, before, self.plan.approved)
            if due is None or due > utc_now():
                facts["due_at"] = due
                return settled(Status.SCHEDULED, waiting(entry.after, due))
        needs = self.plan.dependencies.needs[entry.id]
        unmet = [name for name in needs if not self.results[name].status.meets_a_need]
        if unmet:
            names = ", ".join(f"{name} ({self.results[name].status.value})" for name in unmet[:5])
            return settled(Status.BLOCKED, f"needs {names}")
        if entry.id in self.plan.refused:
            return settled(Status.BLOCKED, f"refused: {self.plan.refused[entry.id]}")
        if check is None:
            return settled(Status.FAIL, self.plan.unbound[entry.id])
        target, identity, instance = self.plan.at(entry)
        if check.asks_target and target.url is not None:
            if instance is not None and identity.problem:
                return settled(Status.ERROR, f"the instance {instance.name} cannot be reached: {identity.problem}")
            strange = mismatch(self.plan.loaded.checklist.release, identity)
            if strange:
                return settled(Status.FAIL, f"{instance.name}: {strange}" if instance else strange)
        standing = self.reuse.standing(entry, self.anew)
        if standing is None and self.stop.is_set():
            return settled(Status.BLOCKED, "the run was interrupted before this was looked at")
        if standing is None and self._failed and self.options.fail_fast:
            return settled(Status.BLOCKED, "an earlier check failed, and --fail-fast was given")
        return standing

    def _title(self, entry: Entry) -> str:
        check = self.plan.checks.get(entry.id)
        return self.plan.redactor.text(check.title if check else entry.header.title or entry.id)

    def _look(self, entry: Entry) -> Result:
        check = self.plan.checks[entry.id]
        earlier = self.reuse.earlier(entry, self.anew)
        with self._context(entry, check) as context:
            result = execute(check, entry.stage, context, self.folder.evidence_of(entry.id, len(earlier)))
            return result.model_copy(update={"earlier": earlier})

    @contextmanager
    def _context(self, entry: Entry, check: Check) -> Iterator[Context]:
        target, _, instance = self.plan.at(entry)
        with self.folder.scratch(entry.id) as scratch:
            yield Context(
                target=target,
                instance=instance,
                root=self.plan.loaded.path.resolve().parent,
                run_dir=self.folder.path,
                own_folder=scratch,
                results={name: self.results[name] for name in self.plan.dependencies.wanted_by(entry.id)},
                environment=self._environment,
                versions=frozenset({self.plan.loaded.checklist.release.version}),
                started_at=self.started_at,
                now=utc_now,
                stop=self.stop,
                timeout_s=check.timeout,
                redactor=self.plan.redactor,
                answers=self.options.answers,
                interactive=self.options.interactive,
                lineage=self._lineage,
            )

    def _ended(self, result: Result) -> None:
        """Take in the result of a look, and tell the journal what it was of."""
        look = self.past.looks.get(result.id)
        if not result.parts or look is None or look.result.status is not result.status:
            self.anew.add(result.id)
        self._failed |= result.required and not result.trial and result.status is Status.FAIL
        self._record(result, interrupted=self.stop.is_set() and result.status is not Status.PASS)

    def _settle(self, result: Result) -> None:
        """Take in the result of a check that was not looked at now: one that stands from before, or a new one."""
        look = self.past.looks.get(result.id)
        if look is not None and result == look.result:
            self._take(result)
        else:
            self.anew.add(result.id)
            self._record(result, interrupted=False)

    def _record(self, result: Result, *, interrupted: bool) -> None:
        result = redacted(result, self.plan.redactor)
        inputs = self.reuse.inputs.get(result.id)
        facts = {"result": result.model_dump(mode="json"), "inputs": inputs, "interrupted": interrupted}
        self.journal.append("check_finished", facts)
        self._take(result)

    def _take(self, result: Result) -> None:
        release = self.plan.loaded.checklist.release.version
        covered = waived(result, self.waivers, release, utc_now())
        result = result if covered is result else redacted(covered, self.plan.redactor)
        self.results[result.id] = result
        facts = {"check": result.id, "title": result.title, "status": result.status.value, "reason": result.reason}
        more = {"duration_ms": result.duration_ms, "stage": result.stage, "anew": result.id in self.anew}
        self._emit("check_finished", facts | more)

    def _emit(self, name: EventName, facts: dict[str, Any]) -> None:
        self.listener(Event(name, facts))
