#!/usr/bin/env python3
"""Makes the facts about ironic.conf that confmig has inside, release by release.

    generate.py IRONIC_OPTIONS_DIR           writes the files beside this script
    generate.py IRONIC_OPTIONS_DIR --check   writes nothing; exit status 1 if a file is out of date

The files are ironic-options.txt, described below, and those that releases.py makes (which release had
which option, values and plugins). A new release is new facts in IRONIC_OPTIONS_DIR, and this command.

IRONIC_OPTIONS_DIR holds facts about the options of each Ironic release, taken from the running
code of that release. For ironic-options.txt are read:

    releases.json        [{"series", "version", ...}]: the releases, oldest first
    options/SERIES.json  [{"group", "name", "type", "secret"?, "deprecated"?: [[group, name], ...]}]:
                         the options of a release, those of its libraries among them, with the
                         former names that it still reads
    changes.json         {"option_versions": [{"option": [group, name]}],
                         "alias_versions": [{"alias": [group, name], "of": [group, name]}]}:
                         the same for the versions between two coordinated releases, Ironic's own
                         options only
    auth_plugins.json    {SERIES: {"plugins": {PLUGIN: [{"name", "secret"?, "deprecated"?: [name]}]}}}:
                         the options of the keystoneauth plugins, valid in any section that has
                         auth_type

ironic-options.txt has one line for each name, `group name` or `group name flags`, fields separated by
one space, sorted by group and name (by bytes), after a header of lines that start with `#`. The
union is taken over all releases: confmig must recognise a name whichever release wrote the file.

    group   as oslo.config looks it up: lower case, but for DEFAULT. `*` stands for any section that
            has auth_type.
    name    as declared. A former name declared with `-` keeps it; the form with `_` is a line of its
            own when a release reads it too.
    flags   letters in this order, each at most once:
              f  former name only: in no release an option itself, read on behalf of another one
              m  multi-valued (MultiStrOpt) in at least one release
              s  secret: marked so in at least one release, or named like a secret (see SECRET_NAME)
            A former name is multi-valued or secret when an option is that reads it.

Needs Python 3.11 and its standard library. The output depends on the input alone.
"""

import argparse
import json
import pathlib
import re
import sys

from releases import History, normal

HERE = pathlib.Path(__file__).resolve().parent

# Release after release forgot to mark some secrets (SNMP communities, the key's password of the
# Kafka driver, the URL of the profiler's store): a name that ends like this is secret whatever the
# mark says. Numbers and booleans of such a name ("require_agent_token") are not.
SECRET_NAME = re.compile(
    r"(^|[_-])(password|passphrase|passcode|secret|token|community|connection_string)$"
)
TEXT_TYPES = {"str", "uri", "list", "dict", "multistr"}

HEADER = """\
# Every option of ironic.conf, and every former name of one, in any release
# from {first} to {last}, {count} releases.
# Made by generate.py, which explains the format; do not edit.
# group name [flags]: f former name only, m multi-valued, s secret; group * is any with auth_type
"""


class Names:
    """(group, name) -> what is known of it."""

    def __init__(self):
        self.option = set()  # an option in some release
        self.multi = set()
        self.secret = set()
        self.readers = {}  # former name -> the names that read it

    def add(self, key, kind=None, secret=False):
        self.option.add(key)
        if kind == "multistr":
            self.multi.add(key)
        if secret or (kind in TEXT_TYPES and SECRET_NAME.search(key[1])):
            self.secret.add(key)

    def add_former(self, former, reader):
        if former != reader:
            self.readers.setdefault(former, set()).add(reader)

    def inherit(self):
        """Former names take over `multi` and `secret`, along chains of renames as well."""
        changed = True
        while changed:
            changed = False
            for former, readers in self.readers.items():
                for marked in (self.multi, self.secret):
                    if former not in marked and readers & marked:
                        marked.add(former)
                        changed = True

    def lines(self):
        for key in sorted(self.option | set(self.readers), key=lambda k: (k[0].encode(), k[1].encode())):
            for field in key:
                assert field and not re.search(r"\s", field), f"not a field: {key!r}"
            assert not key[0].startswith("#"), f"would read as a comment: {key!r}"
            flags = "".join(
                flag
                for flag, wanted in (
                    ("f", key not in self.option),
                    ("m", key in self.multi),
                    ("s", key in self.secret),
                )
                if wanted
            )
            yield " ".join((*key, flags) if flags else key)


def collect(folder):
    def load(name):
        return json.loads((folder / name).read_text(encoding="utf-8"))

    releases = load("releases.json")
    names = Names()
    for release in releases:
        for option in load(f"options/{release['series']}.json"):
            key = normal((option["group"], option["name"]))
            names.add(key, option["type"], option.get("secret", False))
            for former in option.get("deprecated", []):
                names.add_former(normal(former), key)

    changes = load("changes.json")
    for row in changes["option_versions"]:
        names.add(normal(row["option"]))
    for row in changes["alias_versions"]:
        names.add_former(normal(row["alias"]), normal(row["of"]))

    for series in load("auth_plugins.json").values():
        for options in series["plugins"].values():
            for option in options:
                key = ("*", option["name"])
                names.add(key, "str", option.get("secret", False))
                for former in option.get("deprecated", []):
                    names.add_former(("*", former), key)

    names.inherit()
    return releases, names


def render(folder):
    releases, names = collect(folder)

    def label(release):
        return f"{release['series'].capitalize()} ({release['version']})"

    header = HEADER.format(first=label(releases[0]), last=label(releases[-1]), count=len(releases))
    return header + "".join(line + "\n" for line in names.lines())


def render_all(folder):
    """File name -> text."""

    def load(name):
        return json.loads((folder / name).read_text(encoding="utf-8"))

    history = History(load)
    return {
        "ironic-options.txt": render(folder),
        "ironic-releases.txt": history.releases_text(),
        "ironic-history.txt": history.history_text(),
        "ironic-values.txt": history.values_text(),
        "ironic-auth.txt": history.auth_text(),
    }


def main():
    parser = argparse.ArgumentParser(description="Makes the facts that confmig has inside.")
    parser.add_argument("folder", metavar="IRONIC_OPTIONS_DIR", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if out of date")
    arguments = parser.parse_args()

    for name, text in render_all(arguments.folder).items():
        path = HERE / name
        if not arguments.check:
            path.write_bytes(text.encode())
        elif not path.exists() or path.read_bytes() != text.encode():
            sys.exit(f"{name} is out of date: run generate.py again")


if __name__ == "__main__":
    main()
