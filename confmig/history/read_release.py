#!/usr/bin/env python3
"""Prints the facts of a release: what its options are like, and what it has installed.

    read_release.py < SERVICE.json

Runs with the Python of an environment that has the release. What is read is what service.toml says of
the service, as JSON (see README.md). The JSON document that is printed has

    options        [[group, name, definition, [[group, name], ...]], ...]: what an option is like and
                   its former names: those that the sample generator lists, and those that any module
                   registers
    values         [[group, name, value], ...]: what is installed that an option names
    interfaces     [[type, kind, name], ...]: the interfaces that hardware types support
    plugins        [[plugin, option, secret, [former, ...]], ...]: the options of keystoneauth's plugins
    distributions  {name: version}
    notes          what could not be read, in words

Defaults that are computed on the host are found by reading twice, each time on a host that is made
up: what differs is `runtime_default`.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

# Name, program, processors, IPv4 and IPv6 address, of two hosts that are made up.
HOSTS = [
    ("host-of-reading-one", "program-of-reading-one", 131, "192.0.2.131", "2001:db8::131"),
    ("host-of-reading-two", "program-of-reading-two", 173, "192.0.2.173", "2001:db8::173"),
]


def main():
    if len(sys.argv) == 2:
        read_on(int(sys.argv[1]))
        return
    service = json.load(sys.stdin)
    one, two = (run(service, number) for number in range(len(HOSTS)))
    settle(one["options"], two["options"], service["package"])
    json.dump(one, sys.stdout, ensure_ascii=False, sort_keys=True)
    print()


def run(service, number):
    """The facts as read on one of the hosts."""
    with tempfile.TemporaryDirectory(prefix=f"reading-{number}-") as folder:
        # The order of sets differs, too.
        environment = os.environ | {"PYTHONHASHSEED": str(number + 1), "HOME": folder, "TMPDIR": folder}
        environment.pop("PYTHONPATH", None)
        command = [sys.executable, "-W", "ignore", os.path.abspath(__file__), str(number)]
        asked = json.dumps(service).encode()
        done = subprocess.run(command, env=environment, cwd=folder, input=asked, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"reading on host {number} ended with status {done.returncode}")
    return json.loads(done.stdout)


def read_on(number):
    """Prints the facts as they are on one of the hosts."""
    service = json.load(sys.stdin)
    # What modules print while they are imported is not for the document.
    document = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import made_up_host
    import registrations

    # A module beside this one must not stand for one of the release.
    del sys.path[0]
    made_up_host.become(*HOSTS[number])
    facts = registrations.read(service)
    json.dump(facts, document, ensure_ascii=False)
    document.close()
    # Threads that a module started do not keep the process.
    os._exit(0)


def settle(options, others, package):
    """Says which defaults are computed on the host, and puts the sample's value in their place."""
    read_again = {(group, name): facts for group, name, facts, _ in others}
    for group, name, facts, _ in options:
        other = read_again[group, name]
        if facts.get("choices") != other.get("choices"):
            facts["choices"] = sorted(facts["choices"], key=str)
        sample, default = facts.pop("sample"), facts.get("default")
        # The environment is in the same place each time, though elsewhere on another machine.
        if default == other.get("default") and not (isinstance(default, str) and sys.prefix in default):
            continue
        facts["runtime_default"] = True
        facts.pop("default", None)
        # A sample's value may be computed as well.
        default = stand_in(default if sample is None else sample, package)
        if default is not None:
            facts["default"] = default


def stand_in(default, package):
    """A default of the first host as it could be on any, None for a number of processors."""
    if not isinstance(default, str) or re.fullmatch(r"\d+", default):
        return None
    host, program, _, address, address6 = HOSTS[0]
    words = {host: "localhost", program: package, address: "127.0.0.1", address6: "::1", sys.prefix: "/usr"}
    for mark, word in words.items():
        default = default.replace(mark, word)
    return re.sub(r"[^\s,]*/reading-0-\w+", "/tmp", default)


if __name__ == "__main__":
    main()
