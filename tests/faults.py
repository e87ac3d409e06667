#!/usr/bin/env python3
"""Runs confmig with a fault at every system call, and checks what it leaves.

Each run gets one fault, by strace: the process is killed on entering a system call, or the call
fails with an error. All calls count from the first access to a configuration on. After each run:

- every file has its old text or its new one, whole, and no more rights than before;
- with exit status 0 all is done; with 2 no file was changed, unless the message names it;
- `confmig recover` succeeds, and all files of the transaction agree then;
- the same command, run again, does its work; every old text is in a backup of its own, and no
  temporary file, journal or password is left where it should not be.

Without arguments, all faults are tried. Needs the program (`cargo build -p confmig`) and strace.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ERRORS = (
    "EIO ENOSPC EDQUOT EACCES EPERM EROFS EINVAL ENOSYS EOPNOTSUPP EINTR EMFILE ENOMEM"
).split()
FAULTS = ["KILL", *ERRORS]
PASSWORD = "correct-horse-battery"
OLD = {
    "a.conf": "[pxe]\nhttp_root = /srv/http\n",
    "b.conf": f"[DEFAULT]\ntransport_url = rabbit://u:{PASSWORD}@h/\n[pxe]\nhttp_url = http://h\n",
    "c.conf": "[pxe]\ntftp_root = ${pxe.http_root}/tftp\n",
}
BACKUP = re.compile(r"(.+\.conf)\.confmig-\d{8}T\d{6}Z-[0-9a-f]{12}(\.\d+)?")


class Scenario:
    """A command, what it works on, and what is true afterwards."""

    def __init__(self, name, files, words, before=(), kill=None):
        self.name = name
        self.files = files
        self.words = words
        # Commands that make the state in which the faults happen; `kill` is the last one's fault.
        self.before = before
        self.kill = kill

    @property
    def is_undo(self):
        return self.words[0] == "undo"

    @property
    def is_output(self):
        return "--output" in self.words

    def watched(self):
        return ["out.conf"] if self.is_output else self.files


ONE = ["a.conf", "b.conf", "c.conf"]
TWO = ["a.conf", "conf.d/b.conf", "conf.d/c.conf"]
WRITE = ["migrate", "--write"]
SECOND_EXCHANGE = "renameat2:signal=KILL:when=4"
SCENARIOS = [
    Scenario("write, one directory", ONE, [*WRITE, *ONE]),
    Scenario("write, two directories", TWO, [*WRITE, *TWO]),
    Scenario("undo, one directory", ONE, ["undo", *ONE], [[*WRITE, *ONE]]),
    Scenario("undo, two directories", TWO, ["undo", *TWO], [[*WRITE, *TWO]]),
    Scenario("undo --transaction", TWO, ["undo", "--transaction", TWO[1]], [[*WRITE, *TWO]]),
    Scenario("output", ["a.conf"], ["migrate", "--output", "out.conf", "a.conf"]),
    Scenario("recover", TWO, ["recover", TWO[0]], [[*WRITE, *TWO]], SECOND_EXCHANGE),
    Scenario(
        "recover --revert", TWO, ["recover", "--revert", TWO[0]], [[*WRITE, *TWO]], SECOND_EXCHANGE
    ),
    Scenario("write after a kill", TWO, [*WRITE, *TWO], [[*WRITE, *TWO]], SECOND_EXCHANGE),
]


class Failure(Exception):
    """Something that should be true is not."""


class Place:
    """A directory to run in, always the same one for a worker, since journals have its path."""

    def __init__(self, program, scenario):
        self.program = program
        self.scenario = scenario
        self.directory = Path(tempfile.mkdtemp(prefix="faults-"))
        self.work = self.directory / "work"
        self.template = self.directory / "template"
        self.work.mkdir()
        for path in scenario.files:
            self.put(path, OLD[Path(path).name])
        if scenario.is_output:
            self.put("out.conf", "previous\n")
        self.old = {path: self.text(path) for path in scenario.watched()}
        for at, words in enumerate(scenario.before):
            last = at + 1 == len(scenario.before)
            self.run(words, scenario.kill if last else None)
        shutil.copytree(self.work, self.template)
        self.new = self.new_texts()

    def new_texts(self):
        """Makes a clean run elsewhere, and returns the new texts."""
        files = self.scenario.files
        with tempfile.TemporaryDirectory() as scratch:
            for path in files:
                target = Path(scratch) / path
                target.parent.mkdir(exist_ok=True)
                target.write_text(OLD[Path(path).name])
            subprocess.run(
                [self.program, *WRITE, *files], cwd=scratch, check=True, capture_output=True
            )
            texts = {path: (Path(scratch) / path).read_text() for path in files}
        return {"out.conf": texts["a.conf"]} if self.scenario.is_output else texts

    def put(self, path, text):
        target = self.work / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
        target.chmod(0o640)

    def text(self, path):
        return (self.work / path).read_text()

    def reset(self):
        shutil.rmtree(self.work)
        shutil.copytree(self.template, self.work)

    def run(self, words, fault=None, trace=None):
        command = [self.program, *words]
        if fault or trace:
            only = ["-e", f"inject={fault}"] if fault else ["-y"]
            log = trace or self.directory / "trace"
            command = ["strace", "-f", "-qq", "-o", log, *only, *command]
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        return subprocess.run(
            command,
            cwd=self.work,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def remove(self):
        shutil.rmtree(self.directory)


def calls(place):
    """Returns the system calls of a clean run, each with its number among those of its name."""
    place.reset()
    trace = place.directory / "trace"
    place.run(place.scenario.words, trace=trace)
    counts = collections.Counter()
    found = []
    lines = trace.read_text(errors="replace").splitlines()
    for line in lines:
        match = re.match(r"\d+ +(\w+)\(", line)
        if not match or match[1] in ("execve", "exit_group"):
            continue
        name = match[1]
        counts[name] += 1
        if found or ".conf" in line:
            found.append((name, counts[name]))
    if not place.scenario.kill:
        check_order(place, lines)
    return found


def check_order(place, lines):
    """Checks that journals and directories are synced before the first file is switched."""
    switch = next(at for at, line in enumerate(lines) if "RENAME_EXCHANGE" in line)
    before = lines[:switch]
    if place.scenario.is_output:
        if not any(re.search(r"fsync\(\d+<[^>]*\.tmp>\)", line) for line in before):
            raise Failure("the new text is not synced before it is switched in")
        return
    for directory in {(place.work / path).parent for path in place.scenario.files}:
        there = re.escape(str(directory))
        steps = [
            rf"fsync\(\d+<{there}/\.\.confmig-[^/>]*\.tmp>\) += 0",
            rf"renameat2\(\d+<{there}>, .*\.journal\", RENAME_NOREPLACE\) += 0",
            rf"fsync\(\d+<{there}>\) += 0",
        ]
        at = 0
        for step in steps:
            following = (n for n in range(at, len(before)) if re.search(step, before[n]))
            at = next(following, None)
            if at is None:
                raise Failure(f"{directory}: no {step} before the first switch")


def check_texts(place, what):
    """Checks that files are whole and no more readable than before; returns which are new."""
    new = set()
    for path in place.scenario.watched():
        try:
            text = place.text(path)
        except OSError as error:
            raise Failure(f"{what}: {path} is gone: {error}") from error
        if text == place.new[path]:
            new.add(path)
        elif text != place.old[path]:
            raise Failure(f"{what}: {path} is neither old nor new: {text!r}")
    for file in place.work.rglob("*"):
        if file.is_file() and file.stat().st_mode & 0o777 & ~0o640:
            raise Failure(f"{what}: {file.name} has mode {file.stat().st_mode:o}")
    return new


def check_rest(place, what, done):
    """Checks that no temporary file or journal is left, and backups are those expected."""
    backups = collections.Counter()
    expected = set(place.scenario.files) | set(place.scenario.watched())
    for file in place.work.rglob("*"):
        path = str(file.relative_to(place.work))
        match = BACKUP.fullmatch(path)
        if file.is_dir() or path in expected or file.name.endswith(".transaction"):
            continue
        if not match:
            raise Failure(f"{what}: {path} is left")
        backups[match[1]] += 1
        if file.read_text() != OLD[Path(match[1]).name]:
            raise Failure(f"{what}: the backup {path} does not hold the old text")
    wanted = 0 if place.scenario.is_output or not done else 1
    for path in place.scenario.files:
        if backups[path] != wanted:
            raise Failure(f"{what}: {path} has {backups[path]} backups instead of {wanted}")


def check_status(place, ran, started, new):
    """Checks that the exit status says what was done."""
    watched = set(place.scenario.watched())
    changed = (new ^ started) & watched
    if ran.returncode == 0 and len(new) not in (0, len(watched)):
        raise Failure("status 0, but files do not agree")
    if ran.returncode == 0 and not changed:
        raise Failure("status 0, but nothing was done")
    unnamed = [path for path in changed if path not in ran.stderr]
    if ran.returncode == 2 and unnamed:
        raise Failure(f"status 2, but {unnamed} changed: {ran.stderr}")
    if PASSWORD in ran.stdout + ran.stderr:
        raise Failure("the password is shown")


def attempt(place, call, fault):
    """Makes one run with a fault, and checks what should be true. Returns whether it was hit."""
    name, number = call
    place.reset()
    started = check_texts(place, "before")
    kind = "signal=KILL" if fault == "KILL" else f"error={fault}"
    ran = place.run(place.scenario.words, f"{name}:{kind}:when={number}")
    trace = (place.directory / "trace").read_text(errors="replace")
    new = check_texts(place, "after the fault")
    check_status(place, ran, started, new)

    files = place.scenario.watched()
    again = place.run(["recover", *files])
    new = check_texts(place, "after recover")
    if again.returncode != 0 or len(new) not in (0, len(files)):
        raise Failure(f"recover: status {again.returncode}, new: {sorted(new)}: {again.stderr}")
    check_rest(place, "after recover", done=bool(new))

    words = place.scenario.words
    last = words if not words[0] == "recover" else [*WRITE, *place.scenario.files]
    again = place.run(last)
    new = check_texts(place, "after the next run")
    wanted = set() if place.scenario.is_undo else set(files)
    # A second undo finds nothing to do.
    allowed = (0, 2) if place.scenario.is_undo else (0,)
    if again.returncode not in allowed or new != wanted:
        raise Failure(f"next run: status {again.returncode}, new: {sorted(new)}: {again.stderr}")
    check_rest(place, "after the next run", done=bool(new))
    return "INJECTED" in trace or ran.returncode < 0 or "SIGKILL" in trace


def run_scenario(program, scenario, step, first, workers):
    """Tries every `step`-th fault of a scenario. Returns counts by call and fault, and failures."""
    places = [Place(program, scenario) for _ in range(workers)]
    free = list(places)
    lock = threading.Lock()
    counts = collections.Counter()
    failures = []
    hit = collections.Counter()

    def one(job):
        call, fault = job
        with lock:
            place = free.pop()
        try:
            was_hit = attempt(place, call, fault)
        except Failure as failure:
            with lock:
                failures.append((call, fault, str(failure)))
            was_hit = True
        with lock:
            free.append(place)
            counts[call[0], fault] += 1
            hit[was_hit] += 1

    try:
        jobs = [(call, fault) for call in calls(places[0]) for fault in FAULTS]
        jobs = jobs[first % step :: step]
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, jobs))
    finally:
        for place in places:
            place.remove()
    if hit[False] > len(jobs) // 20 + 1:
        failures.append((("?", 0), "?", f"{hit[False]} of {len(jobs)} faults did not happen"))
    return counts, failures


def print_table(counts, failures):
    """Prints calls by faults: how many runs, and how many of them failed."""
    failed = collections.Counter((call[0], fault) for call, fault, _ in failures)
    names = sorted({name for name, _ in counts})
    print("call".ljust(14) + "".join(fault.rjust(11) for fault in FAULTS))
    for name in names:
        cells = []
        for fault in FAULTS:
            runs, bad = counts[name, fault], failed[name, fault]
            cells.append(f"{runs}/{bad}" if bad else f"{runs or '-'}")
        print(name.ljust(14) + "".join(cell.rjust(11) for cell in cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, help="confmig [default: that of `cargo build`]")
    parser.add_argument("--every", type=int, default=1, help="try only every Nth fault")
    parser.add_argument("--first", type=int, default=0, help="begin with this one of N")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="scenarios whose name contains this")
    arguments = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = (arguments.program or target / "debug/confmig").resolve()

    total, bad = 0, 0
    for scenario in SCENARIOS:
        if arguments.only and arguments.only not in scenario.name:
            continue
        counts, failures = run_scenario(
            program, scenario, arguments.every, arguments.first, arguments.workers
        )
        runs = sum(counts.values())
        print(f"\n{scenario.name}: {runs} runs, {len(failures)} failures")
        print_table(counts, failures)
        for (name, number), fault, text in failures[:20]:
            print(f"FAILED: {name} number {number}, {fault}: {text}")
        total += runs
        bad += len(failures)
        sys.stdout.flush()
    word = "FAILED" if bad else "ok"
    print(f"\ntest result: {word}. {total - bad} passed; {bad} failed; 0 ignored (faults)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
