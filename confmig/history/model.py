"""The facts of a service's releases, and the texts that hold them.

A History is the facts release by release. `texts` makes the files of it, which depend on these facts
alone, and `parse` reads them back:

    releases.txt   `SERIES NAME VERSION`, oldest first
    options.txt    `GROUP NAME RUN JSON`, `GROUP NAME RUN formerly GROUP.NAME,GROUP.NAME` and
                   `GROUP NAME between VERSION`
    values.txt     `GROUP NAME VALUE RUN`
    plugins.txt    `PLUGIN OPTION RUN [secret] [FORMER,FORMER]`, OPTION `-` for a plugin without any
    interfaces.txt `TYPE KIND NAME RUN`

RUN is `FIRST..LAST`, two series, or `FIRST..` for a run that goes on to the newest release.
"""

import dataclasses
import json


class BadFacts(Exception):
    """A text, or what was read of a release, is not as described."""


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def by_bytes(fields):
    return tuple(field.encode() for field in fields)


@dataclasses.dataclass
class Release:
    """The facts of one release.

    options    {(group, name): definition}, the latter as compact JSON
    former     {(group, name): "GROUP.NAME,..."}, for options that are read by former names
    values     {(group, name, value)}
    plugins    {(plugin, option): (secret, "FORMER,...")}
    interfaces {(type, kind, name)}
    """

    series: str
    name: str
    version: str
    options: dict = dataclasses.field(default_factory=dict)
    former: dict = dataclasses.field(default_factory=dict)
    values: set = dataclasses.field(default_factory=set)
    plugins: dict = dataclasses.field(default_factory=dict)
    interfaces: set = dataclasses.field(default_factory=set)

    def former_names(self):
        """Option -> the former names that it is read by."""
        return {key: {tuple(name.rsplit(".", 1)) for name in names.split(",")} for key, names in self.former.items()}

    def reads(self):
        """All names that the release knows: those of its options, and the former ones."""
        return set(self.options).union(*self.former_names().values())

    def facts(self):
        """The facts as a set of lines, each as it stands in its file with the series for a run."""
        lines = {f"{self.series} {self.name} {self.version}"}
        lines |= {f"{group} {name} {self.series} {text}" for (group, name), text in self.options.items()}
        lines |= {f"{group} {name} {self.series} formerly {text}" for (group, name), text in self.former.items()}
        lines |= {" ".join((*value, self.series)) for value in self.values}
        lines |= {" ".join((*interface, self.series)) for interface in self.interfaces}
        lines |= {" ".join((*key, self.series, *marks(*fact))) for key, fact in self.plugins.items()}
        return lines


def marks(secret, former):
    """What follows the run in a line of plugins.txt."""
    return [*(["secret"] if secret else []), *([former] if former else [])]


def order(series):
    """A key that sorts series: those named by a word, by its first letter, came before those of a year."""
    return (series[:1].isdigit(), series)


class History:
    """The releases of a service, oldest first, and the names known to versions between them."""

    def __init__(self, releases=(), between=()):
        self.releases = list(releases)
        self.between = set(between)

    def index(self, series):
        """The number of a release, or None if its facts are not there."""
        return next((n for n, release in enumerate(self.releases) if release.series == series), None)

    def put(self, release):
        """Adds a release, or puts it in the place of the one of that series."""
        others = [other for other in self.releases if other.series != release.series]
        self.releases = sorted([*others, release], key=lambda other: order(other.series))

    def remove(self, series):
        self.releases.remove(self.get(series))

    def get(self, series):
        """The release of a series, or None."""
        number = self.index(series)
        return None if number is None else self.releases[number]

    def before(self, series):
        """The release before that of a series, or None for the oldest one."""
        number = self.index(series)
        return self.releases[number - 1] if number else None

    def newest(self):
        return self.releases[-1]

    # Writing

    def run(self, first, last):
        end = "" if last == len(self.releases) - 1 else self.releases[last].series
        return f"{self.releases[first].series}..{end}"

    def runs(self, attribute):
        """(key, run, fact) for each run of releases in which a key has the same fact, sorted."""
        found = {}
        for number, release in enumerate(self.releases):
            facts = getattr(release, attribute)
            for key in facts:
                fact = facts[key] if isinstance(facts, dict) else None
                rows = found.setdefault(key, [])
                if rows and rows[-1][1] == number - 1 and rows[-1][2] == fact:
                    rows[-1][1] = number
                else:
                    rows.append([number, number, fact])
        for key in sorted(found, key=by_bytes):
            for first, last, fact in found[key]:
                yield key, self.run(first, last), fact

    def options_text(self):
        lines = [(key, 0, f"{' '.join(key)} {run} {fact}") for key, run, fact in self.runs("options")]
        lines += [(key, 1, f"{' '.join(key)} {run} formerly {fact}") for key, run, fact in self.runs("former")]
        lines += [((group, name), 2, f"{group} {name} between {version}") for group, name, version in sorted(self.between)]
        lines.sort(key=lambda line: (by_bytes(line[0]), line[1]))
        return "".join(f"{line}\n" for _, _, line in lines)

    def texts(self):
        """File name -> text. A file without a line is not written: the service has no such facts."""
        made = {
            "releases.txt": "".join(f"{r.series} {r.name} {r.version}\n" for r in self.releases),
            "options.txt": self.options_text(),
            "values.txt": "".join(f"{' '.join(key)} {run}\n" for key, run, _ in self.runs("values")),
            "interfaces.txt": "".join(f"{' '.join(key)} {run}\n" for key, run, _ in self.runs("interfaces")),
            "plugins.txt": "".join(" ".join((*key, run, *marks(*fact))) + "\n" for key, run, fact in self.runs("plugins")),
        }
        return {name: text for name, text in made.items() if text}


# Reading


def parse(texts):
    """The History that the texts, by file name, hold."""
    history = History()
    readers = {
        "releases.txt": read_series,
        "options.txt": read_option,
        "values.txt": read_value,
        "interfaces.txt": read_interface,
        "plugins.txt": read_plugin,
    }
    for name, reader in readers.items():
        for number, line in enumerate(texts.get(name, "").splitlines(), 1):
            try:
                reader(history, line)
            except (ValueError, KeyError) as error:
                raise BadFacts(f"{name}:{number}: not a fact: {line!r}") from error
    return history


def span(history, run):
    """The releases of a run."""
    first, last = run.split("..", 1)
    numbers = (history.index(first), history.index(last) if last else len(history.releases) - 1)
    if None in numbers:
        raise KeyError(run)
    return history.releases[numbers[0] : numbers[1] + 1]


def once(facts, key, fact):
    """Keeps a fact, of which a release has one a key."""
    if key in facts:
        raise KeyError(key)
    facts[key] = fact


def read_series(history, line):
    series, name, version = line.split(" ")
    if history.index(series) is not None:
        raise KeyError(series)
    history.releases.append(Release(series, name, version))


def read_option(history, line):
    group, name, run, fact = line.split(" ", 3)
    if run == "between":
        history.between.add((group, name, fact))
        return
    for release in span(history, run):
        if fact.startswith("formerly "):
            once(release.former, (group, name), fact.removeprefix("formerly "))
        else:
            once(release.options, (group, name), compact(json.loads(fact)))


def read_value(history, line):
    group, name, value, run = line.split(" ")
    for release in span(history, run):
        release.values.add((group, name, value))


def read_interface(history, line):
    kind_of, kind, name, run = line.split(" ")
    for release in span(history, run):
        release.interfaces.add((kind_of, kind, name))


def read_plugin(history, line):
    plugin, option, run, *rest = line.split(" ")
    secret = rest[:1] == ["secret"]
    former = rest[1:] if secret else rest
    if len(former) > 1:
        raise ValueError(line)
    for release in span(history, run):
        once(release.plugins, (plugin, option), (secret, "".join(former)))
