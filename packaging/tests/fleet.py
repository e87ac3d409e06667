#!/usr/bin/env python3
"""Upgrades simulated hosts with the collection's role, by ansible-core itself.

Each host is a directory of its own with an ironic.conf. Most upgrade; on every tenth, something is
left to decide, the service of one does not come up, and one pins old defaults. The playbook runs in
check mode, for real, and once more; then the files must be what each host should have, nothing may
have changed in the last run, and no output may have a password.

Usage: fleet.py CONFMIG ANSIBLE_BIN [--hosts N] [--record]

CONFMIG is the program, ANSIBLE_BIN the directory of ansible-playbook. Prints the times; --record
writes them into docs/benchmarks.md, too.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/benchmarks.md"
COLLECTION = pathlib.Path(__file__).resolve().parent.parent / "ansible"
SECRET = "correct-horse-battery"

PLAIN = f"""[DEFAULT]
enabled_drivers = pxe_ilo
[pxe]
# where images are served
tftp_server = 192.0.2.7
http_url = http://192.0.2.7:8080
http_root = /httpboot
[swift]
password = {SECRET}
"""
# The reference would name another option of [deploy]: the operator has to decide.
OPEN = PLAIN.replace("http://192.0.2.7:8080", "http://$host:8080").replace(
    "[swift]", "host = a.example\n[deploy]\nhost = b.example\n[swift]"
)
UPGRADED = f"""[DEFAULT]
enabled_drivers = pxe_ilo
[pxe]
# where images are served
tftp_server = 192.0.2.7
[deploy]
http_server_url = http://192.0.2.7:8080
http_server_root = /httpboot
[swift]
password = {SECRET}
"""

PINNING = f"""[swift]
password = {SECRET}
[deploy]
http_url = http://192.0.2.7:8080
"""
PINNED = (
    PINNING
    + """
# confmig --pin-defaults: the default in train; another one since yoga ("uefi" in 2026.2)
default_boot_mode = bios
"""
)
# The last of these had no default, which is a finding and no decision.
PIN_DEFAULTS = {
    "upgrade_from": "train",
    "upgrade_to": "2026.2",
    "upgrade_pin_defaults": ["deploy.default_boot_mode", "json_rpc.auth_type"],
}

# The file of each kind of host.
BEFORE = {"plain": PLAIN, "open": OPEN, "broken": PLAIN, "pinning": PINNING}

PLAYBOOK = [
    {
        "hosts": "all",
        "gather_facts": False,
        "roles": [
            {
                "role": "baremetal.confmig.upgrade",
                "vars": {
                    "upgrade_files": ["{{ home }}/ironic.conf"],
                    "upgrade_restart_command": [
                        "/bin/sh",
                        "-c",
                        'echo restarted >>"$0"',
                        "{{ home }}/log",
                    ],
                    "upgrade_verify_command": [
                        "/bin/sh",
                        "-c",
                        '! test -e "$0"',
                        "{{ home }}/broken",
                    ],
                },
            }
        ],
    }
]


def kind_of(number):
    special = {1: "broken", 2: "pinning"}
    return special.get(number, "open" if number % 10 == 0 else "plain")


class Fleet:
    """The hosts, and what is needed to run the playbook on them."""

    def __init__(self, directory, confmig, ansible, count):
        self.directory = pathlib.Path(directory)
        self.ansible = pathlib.Path(ansible).absolute()
        self.homes = {}
        hosts = {}
        for number in range(1, count + 1):
            home = self.directory / f"host-{number}"
            home.mkdir()
            kind = kind_of(number)
            (home / "ironic.conf").write_text(BEFORE[kind])
            if kind == "broken":
                (home / "broken").touch()
            self.homes[f"host-{number}"] = (home, kind)
            hosts[f"host-{number}"] = {"home": str(home)}
            if kind == "pinning":
                hosts[f"host-{number}"] |= PIN_DEFAULTS
        everywhere = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "upgrade_executable": str(pathlib.Path(confmig).resolve()),
        }
        # YAML is a superset of JSON.
        inventory = {"all": {"hosts": hosts, "vars": everywhere}}
        (self.directory / "inventory.yml").write_text(json.dumps(inventory))
        (self.directory / "playbook.yml").write_text(json.dumps(PLAYBOOK))
        link = self.directory / "collections/ansible_collections/baremetal/confmig"
        link.parent.mkdir(parents=True)
        link.symlink_to(COLLECTION)

    def run(self, *options):
        """Runs the playbook; returns its results by host, and the seconds that it took."""
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(self.directory / "collections"),
            ANSIBLE_HOME=str(self.directory / "home"),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_FORKS="20",
            ANSIBLE_RETRY_FILES_ENABLED="0",
        )
        start = time.monotonic()
        done = subprocess.run(
            [
                self.ansible / "ansible-playbook",
                "-i",
                "inventory.yml",
                "playbook.yml",
                "-vv",
                *options,
            ],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - start
        output = done.stdout + done.stderr
        assert SECRET not in output, "a password is in the output"
        recap = output.rpartition("PLAY RECAP")[2]
        results = {}
        for line in recap.splitlines():
            host, _, counts = line.partition(" : ")
            if host.strip() in self.homes:
                counts = dict(count.split("=") for count in counts.split())
                results[host.strip()] = {name: int(count) for name, count in counts.items()}
        assert len(results) == len(self.homes), output[-5000:]
        return results, seconds, output

    def texts(self):
        return {host: (home / "ironic.conf").read_text() for host, (home, _) in self.homes.items()}


def require(holds, what, output):
    if not holds:
        raise SystemExit(f"{what}\n{output[-8000:]}")


def record(lines):
    """Replaces this script's part of docs/benchmarks.md."""
    begin, end = "<!-- fleets: begin -->\n", "<!-- fleets: end -->"
    before, _, rest = BENCHMARKS.read_text().partition(begin)
    _, _, after = rest.partition(end)
    machine = f"On a machine with {os.cpu_count()} processors, which runs all hosts.\n"
    text = "\n".join(["", machine, "```text", *lines, "```", "", ""])
    BENCHMARKS.write_text(before + begin + text + end + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("confmig")
    parser.add_argument("ansible_bin")
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    lines = []

    def tell(line):
        print(line, flush=True)
        lines.append(line)

    with tempfile.TemporaryDirectory(prefix="fleet-") as directory:
        fleet = Fleet(directory, arguments.confmig, arguments.ansible_bin, arguments.hosts)
        before = fleet.texts()

        results, seconds, output = fleet.run("--check", "--diff")
        tell(f"check mode: {seconds:.1f} s")
        require(fleet.texts() == before, "check mode changed a file", output)
        require(
            "+http_server_url = http://192.0.2.7:8080" in output,
            "check mode shows no difference",
            output,
        )

        results, seconds, output = fleet.run()
        tell(f"upgrade: {seconds:.1f} s")
        texts = fleet.texts()
        for host, (home, kind) in fleet.homes.items():
            result, log = results[host], home / "log"
            restarts = log.read_text().count("restarted") if log.exists() else 0
            wanted = {
                "plain": (UPGRADED, 0, 1),
                "open": (OPEN, 1, 0),
                "broken": (PLAIN, 1, 2),
                "pinning": (PINNED, 0, 1),
            }[kind]
            found = (texts[host], result["failed"], restarts)
            require(found == wanted, f"{host} ({kind}): {found}, expected {wanted}", output)

        results, seconds, output = fleet.run()
        tell(f"once more: {seconds:.1f} s")
        require(fleet.texts() == texts, "a second run changed a file", output)
        changed = [
            host
            for host, (_, kind) in fleet.homes.items()
            if kind != "broken" and results[host]["changed"]
        ]
        require(not changed, f"a second run reports a change on {changed}", output)
    kinds = [kind for _, kind in fleet.homes.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in BEFORE)
    tell(f"{counts} hosts: as expected")
    if arguments.record:
        record(lines)


if __name__ == "__main__":
    main()
