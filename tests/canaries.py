#!/usr/bin/env python3
"""Runs confmig over configurations that hold a canary as a secret, and looks for it in all output.

Each run takes a configuration at random: a fixture with broken, repeated and missing lines, and a
setting in which the canary is secret, inside a value, a URL, a comment or a line that is broken. It
takes a command, a format and options at random, too, and logs as much as there is to log. The
canary must not appear in standard output, standard error or a report, no run may be killed by a
signal or end with a status other than 0, 1 and 2, and none may take longer than 20 seconds.

Needs the program (`cargo build -p confmig`). A failed run prints its number: `--seed S --only N`
runs it again and keeps its files.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CANARY = b"c4n4ry-Z9"
FORMATS = ["text", "json", "sarif", "html", "github", "junit"]
# Values that tell of no secret by themselves, in the characters that parsers look for.
SIDES = [b"", *b"x ' \" $ ${ } @ # ; % / : \\ , < \xff".split()]
# Lines that end no value for the eye, and lines that damage a file in other ways.
BETWEEN = [
    b"",
    b"   ",
    b"[",
    b"[x",
    b"garbage",
    b"= x",
    b"#",
    b"; x",
    b"  more",
    b"\tx = 1",
    b"[pxe]",
    b"\xff\xfe",
]
SETTINGS = [
    b"[DEFAULT]", b"[pxe]", b"http_url = $http_root", b"http_root = ${deploy.http_server_root}", b"# x = 1", b"",
    b"x = \x1b[31m\xe2\x80\xae", b"tftp_root = a\n  b",
]  # fmt: skip


def secret_setting(source, is_damaged):
    """Returns the lines of a setting in which the canary is secret."""
    canary = source.choice(SIDES) + CANARY + source.choice(SIDES)
    sound = [
        [b"[DEFAULT]", b"password = " + canary],
        [b"[DEFAULT]", b"rabbit_password: " + canary],
        [b"[DEFAULT]", b"transport_url = rabbit://u:" + canary + b"@h:5672/"],
        [b"[database]", b"connection = mysql+pymysql://u:" + canary + b"@h/ironic"],
        [b"[database]", b"#connection = mysql+pymysql://u:" + canary + b"@h/ironic"],
        [b"[keystone_authtoken]", b"password = a", b"  " + canary],
        [b"[Swift]", b"Password = " + canary],
        [b"[pxe]", b"http_url = http://u:" + canary + b"@192.0.2.1/x"],
        [b"[pxe]", b"pxe_append_params = nofb rootpwd=" + CANARY + b" vga=normal"],
        [b"[pxe]", b"#pxe_append_params = nofb ipa-api-token=" + CANARY],
        [b"[agent]", b'x = {"password": "' + CANARY + b'"}'],
        [b"[x]", b"db_pass = " + canary],
    ]
    broken = [
        [b"[keystone_authtoken]", b"password = a", source.choice(BETWEEN), b"  " + canary],
        [b"[keystone_authtoken]", b"admin_password " + canary],
        [b"[keystone_authtoken]", b"admin_token", b"  " + canary],
        [b"[x]", b"  db_pass = " + canary],
    ]
    return source.choice(sound + broken if is_damaged else sound)


def configuration(source, fixtures):
    """Returns the text of a configuration with secret settings; one in four is damaged."""
    is_damaged = source.randrange(4) == 0
    end = source.choice([b"\n", b"\n", b"\n", b"\r\n", b"\r"])
    lines = source.choice(fixtures).splitlines()
    del lines[source.randrange(20, 200) :]
    for _ in range(source.randrange(8)):
        at = source.choice(tops(lines))
        if not is_damaged:
            lines[at:at] = [b"[DEFAULT]", source.choice(SETTINGS)]
        elif source.randrange(3):
            lines.insert(source.randrange(len(lines) + 1), source.choice(BETWEEN + lines))
        else:
            del lines[at : at + source.randrange(1, 4)]
    # From the last to the first, so that no secret setting splits another.
    places = sorted((source.choice(tops(lines)) for _ in range(3)), reverse=True)
    for at in places[: source.randrange(1, 4)]:
        lines[at:at] = secret_setting(source, is_damaged)
    return end.join(lines) + source.choice([b"", end])


def tops(lines):
    """Returns the indices above which a line can be inserted without splitting a value."""
    is_continued = lambda line: line[:1] in (b" ", b"\t") and line.strip()
    return [at for at, line in enumerate(lines) if not is_continued(line)] + [len(lines)]


def command_line(source, names, place):
    """Returns the arguments of a run over the files with these names."""
    command = source.choice(["migrate"] * 3 + ["check"] * 2 + ["show"])
    words = [command, "-vv"]
    formats = FORMATS if command != "show" else ["text", "json"]
    words += ["--format", source.choice(formats)]
    words += source.choice(
        [
            [],
            ["--to", "2026.2"],
            ["--from", "liberty", "--to", "yoga"],
            ["--service", "keystone", "--from", "pike", "--to", "2026.2"],
            ["--rules", "ironic-liberty"],
            ["--schema", str(ROOT / "fixtures/schemas/orchard-2.json")],
        ]
        if command != "show"
        else [[], ["-o", "pxe.http_url"], ["-o", "DEFAULT.transport_url", "-o", "swift.password"]]
    )
    if command != "show":
        words += source.choice([[], [], ["--keep-old"]])
        words += source.choice([[], [], ["--each"]])
    if command == "check" and "--to" in words:
        words += source.choice([[], ["--defaults"]])
    if command == "migrate":
        words += source.choice(
            [
                [],
                ["--write"],
                ["--check"],
                ["--report", str(place / "report")],
                ["--decisions", str(place / "decisions.toml")],
                ["--output-dir", str(place / "out")],
            ]
        )
    return words + source.choice([["--color", "always"], []]) + names


def run(program, arguments, place):
    """Runs the program; returns its status, its output and report, and what is wrong with it."""
    environment = {"PATH": os.environ["PATH"], "RUST_LOG": "trace", "RUST_BACKTRACE": "1"}
    try:
        ran = subprocess.run(
            [program, *arguments], cwd=place, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=20, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, b"", "it took more than 20 s"
    output = ran.stdout + ran.stderr
    for name in ["report", "decisions.toml"]:
        if (place / name).exists():
            output += (place / name).read_bytes()
    if ran.returncode not in (0, 1, 2):
        return ran.returncode, output, f"status {ran.returncode}: {ran.stderr[-400:]!r}"
    return ran.returncode, output, None


def try_one(program, fixtures, seed, number, keep):
    """Makes the run with a number; returns what to count of it, and its fault."""
    source = random.Random(f"{seed} {number}")
    place = Path(tempfile.mkdtemp(prefix="canary-"))
    try:
        names = ["a.conf", "b.conf"][: source.choice([1, 1, 1, 2])]
        for name in names:
            (place / name).write_bytes(configuration(source, fixtures))
        (place / "out").mkdir()
        arguments = command_line(source, names, place)
        runs = [arguments]
        if "--write" in arguments:
            runs += [
                ["undo", "-vv", "--list", *names],
                ["undo", "-vv", *names],
                ["recover", "-vv", *names],
            ]
        counts = collections.Counter()
        for arguments in runs:
            status, output, fault = run(program, arguments, place)
            at = output.find(CANARY)
            if at >= 0:
                fault = f"the canary is shown: {output[max(0, at - 120) : at + 60]!r}"
            counts.update(
                {"runs": 1, f"status {status}": 1, "with a masked secret": b"****" in output}
            )
            if fault:
                return counts, f"number {number}: confmig {' '.join(arguments)}: {fault}"
        return counts, None
    finally:
        if keep:
            print(f"the files are in {place}")
        else:
            shutil.rmtree(place)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, help="confmig [default: that of `cargo build`]")
    parser.add_argument("--runs", type=int, default=20_000, help="how many runs to make")
    parser.add_argument("--seed", default="1", help="what the random choices follow from")
    parser.add_argument("--only", type=int, help="make only the run with this number")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = (arguments.program or target / "debug/confmig").resolve()
    paths = sorted(ROOT.glob("fixtures/**/*.conf"))
    fixtures = [path.read_bytes() for path in paths if path.parent.name != "invalid"]

    numbers = range(arguments.runs) if arguments.only is None else [arguments.only]
    keep = arguments.only is not None
    one = lambda number: try_one(program, fixtures, arguments.seed, number, keep)
    with concurrent.futures.ThreadPoolExecutor(arguments.workers) as pool:
        done = list(pool.map(one, numbers))
    counts = sum((count for count, _ in done), collections.Counter())
    faults = [fault for _, fault in done if fault]
    # Where hardly a secret was masked, none was there to be shown.
    if arguments.only is None and counts["with a masked secret"] < counts["runs"] // 4:
        faults.append("less than a quarter of the runs had a secret to mask")
    for fault in faults[:20]:
        print(f"FAILED: {fault}")
    word = "FAILED" if faults else "ok"
    passed = len(done) - len(faults)
    print(", ".join(f"{counts[name]} {name}" for name in sorted(counts)))
    print(f"test result: {word}. {passed} passed; {len(faults)} failed; 0 ignored (canaries)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
