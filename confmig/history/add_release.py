#!/usr/bin/env python3
"""Adds a release of a service to the facts that confmig has of it.

    add_release.py SERVICE SERIES VERSION [--name CODENAME]   adds it, or replaces its facts
    add_release.py SERVICE SERIES VERSION --check             compares its facts, writes nothing
    add_release.py SERVICE --remove SERIES                    removes the facts of the newest one

SERVICE is a folder beside this script: see README.md. The release is installed from PyPI into an
environment of its own, with the libraries that SERVICE/libraries/SERIES.txt names if there is such a
file; its modules are imported there. Printed are rules to fill in, as TOML, for the options that the
release before has and this one does not, unless one of the two declares a successor or a rule in
SERVICE/rules names them. What the command does and has done is said on standard error.

With --check, each difference is a line that begins with `-` (recorded, but not registered) or `+`
(registered, but not recorded), and the exit status is 1 if there are any. It is 2 if the release cannot
be installed or read.

Needs Python 3.11, its standard library and pip.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile
import tomllib

from environment import Environment, NotInstalled, pins_text, read_pins
from model import BadFacts, Release, compact, order, parse
from skeleton import Named, header, skeleton, vanished

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = ("releases.txt", "options.txt", "values.txt", "interfaces.txt", "plugins.txt")


def services():
    """The names of the services that have a folder, sorted."""
    return sorted(path.parent.name for path in HERE.glob("*/service.toml"))


def say(text):
    print(text, file=sys.stderr, flush=True)


class Service:
    """The folder of a service: its facts, and what has to be known to read a release."""

    def __init__(self, folder):
        self.folder = folder
        if not (folder / "service.toml").exists():
            known = ", ".join(services())
            wanted = f"confmig/history/{folder.name}/service.toml"
            raise BadFacts(f"no service {folder.name}: expected one of {known}, or write {wanted}")
        self.about = tomllib.loads((folder / "service.toml").read_text(encoding="utf-8"))
        paths = [folder / name for name in TEXTS]
        self.history = parse({path.name: path.read_text(encoding="utf-8") for path in paths if path.exists()})

    def write(self):
        """Writes the facts, and returns the names of the files that changed."""
        texts = self.history.texts()
        paths = {name: self.folder / name for name in TEXTS}
        before = {name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.exists()}
        for name in TEXTS:
            if name in texts:
                (self.folder / name).write_bytes(texts[name].encode())
            else:
                (self.folder / name).unlink(missing_ok=True)
        return [name for name in TEXTS if texts.get(name) != before.get(name)]

    def libraries(self, series):
        return self.folder / "libraries" / f"{series}.txt"

    def about_release(self, series):
        """What service.toml says, with the namespaces of one release."""
        namespaces = []
        for line in self.about["namespaces"]:
            name, _, run = line.partition(" ")
            first, _, last = run.partition("..")
            if order(series) >= order(first) and (not last or order(series) <= order(last)):
                namespaces.append(name)
        return self.about | {"namespaces": namespaces}

    def rules(self):
        return Named(sorted((self.folder / "rules").glob("*.toml")))


def release_of(facts, series, name, version):
    """The Release that read_release.py has read."""
    release = Release(series, name, version)
    for group, option, definition, former in facts["options"]:
        release.options[group, option] = compact(definition)
        if former:
            release.former[group, option] = ",".join(".".join(key) for key in former)
    release.values = {tuple(value) for value in facts["values"]}
    release.interfaces = {tuple(interface) for interface in facts["interfaces"]}
    for plugin, option, secret, former in facts["plugins"]:
        release.plugins[plugin, option] = (secret, ",".join(former))
    return release


def read(service, arguments):
    """The release, and the versions of its distributions, as they are in its environment."""
    recorded = service.history.get(arguments.series)
    name = arguments.name or (recorded.name if recorded else "-")
    if name == "-" and arguments.series[:1].isdigit():
        raise BadFacts(f"{arguments.series} has a code name: say --name CODENAME")
    pins = arguments.libraries or service.libraries(arguments.series)
    pins = read_pins(pins.read_text()) if arguments.libraries or pins.exists() else {}
    about = service.about_release(arguments.series)
    with contextlib.ExitStack() as stack:
        folder = arguments.environments or stack.enter_context(tempfile.TemporaryDirectory())
        environment = Environment(folder, about["package"], arguments.version)
        say(f"installing {about['package']} {arguments.version} with its libraries (some minutes)")
        environment.install(pins, about.get("requirements", []))
        say("importing its modules, on two made-up hosts")
        facts = environment.read(about)
    for note in facts["notes"]:
        say(f"note: {note}")
    if facts["notes"]:
        say("note: the package does not require what optional modules import; of their options, those count that it lists")
    return release_of(facts, arguments.series, name, arguments.version), facts["distributions"]


def title_of(service, release):
    """Such as `Ironic 39.0.0 (2026.2): 900 options`."""
    return f"{service.about['title']} {release.version} ({release.series}): {len(release.options)} options"


def check(service, arguments):
    recorded = service.history.get(arguments.series)
    if recorded is None:
        raise BadFacts(f"there are no facts of {arguments.series}")
    release, _ = read(service, arguments)
    known, real = recorded.facts(), release.facts()
    # What is recorded of a name stands before what is so.
    for line in sorted(known ^ real, key=lambda line: (line.partition(recorded.series)[0].encode(), line in real, line)):
        print("+" if line in real else "-", line)
    say(f"{title_of(service, release)}, {'as recorded' if known == real else 'other facts than those recorded'}")
    return 1 if known != real else 0


def add(service, arguments):
    release, distributions = read(service, arguments)
    service.history.put(release)
    changed = service.write()
    libraries = service.libraries(arguments.series)
    libraries.parent.mkdir(exist_ok=True)
    libraries.write_bytes(pins_text(distributions).encode())
    say(f"{title_of(service, release)}, {'changed: ' + ', '.join(changed) if changed else 'nothing changed'}")
    before = service.history.before(arguments.series)
    gone = vanished(before, release, service.rules()) if before else []
    if gone:
        name, others = service.folder.name, [other for other in services() if other != service.folder.name]
        print(header(name, release.series), end="")
        print("".join(skeleton(name, key, before, release, others) for key in gone), end="")
    return 0


def remove(service, series):
    if service.history.get(series) is None:
        raise BadFacts(f"there are no facts of {series}")
    newest = service.history.newest().series
    if series != newest:
        raise BadFacts(f"{series} is not the newest release: expected {newest}")
    service.history.remove(series)
    service.write()
    say(f"removed the facts of {series}: {service.history.newest().series} is the newest release now")
    return 0


def parse_arguments(words):
    parser = argparse.ArgumentParser(description="Adds a release of a service to the facts that confmig has of it.")
    parser.add_argument("service", metavar="SERVICE", help="a folder beside this script")
    parser.add_argument("series", metavar="SERIES", nargs="?", help="such as 2026.2")
    parser.add_argument("version", metavar="VERSION", nargs="?", help="such as 39.0.0")
    parser.add_argument("--name", metavar="CODENAME", help="the code name of a series that is named by a year")
    parser.add_argument("--check", action="store_true", help="compare only, exit 1 if anything differs")
    parser.add_argument("--libraries", metavar="FILE", type=pathlib.Path, help="pins in place of libraries/SERIES.txt")
    parser.add_argument("--environments", metavar="DIR", help="keep the environments there, and use those kept")
    parser.add_argument("--remove", metavar="SERIES", help="remove the facts of the newest release; its libraries file stays")
    arguments = parser.parse_args(words)
    if bool(arguments.remove) == bool(arguments.version):
        parser.error("either SERIES and VERSION, or --remove SERIES")
    return arguments


def main(words=None):
    arguments = parse_arguments(words)
    try:
        service = Service(HERE / arguments.service)
        if arguments.remove:
            return remove(service, arguments.remove)
        return check(service, arguments) if arguments.check else add(service, arguments)
    except (BadFacts, NotInstalled, OSError, tomllib.TOMLDecodeError) as error:
        first, *rest = str(error).split("\n")
        say("\n".join([f"add_release.py: {first}; nothing was changed", *rest]))
        return 2


if __name__ == "__main__":
    sys.exit(main())
