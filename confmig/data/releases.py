"""The history of the options: which release had which, and what it was like there.

Used by generate.py, which explains the input. Made here:

    ironic-releases.txt  `series name version` of each release, oldest first; name is `-` where the
                         series is named by a word already
    ironic-history.txt   `group name JSON`, sorted by group and name. JSON has
                           o  [[first, last, definition], ...]: an option in the releases numbered so
                              (0 is the oldest). definition: t type, u refinement of it, i type of
                              the items, d default, rt default computed on the host, c choices, ic
                              choices ignore case, r regular expression, n least, x greatest value,
                              s secret, q required, dr deprecated for removal
                           a  [[first, last, [[group, name], ...]], ...]: the former names that the
                              option is read by, in the order in which they are tried
                           f  [[first, last, group, name], ...]: a former name of that option
    ironic-values.txt    `group name value RANGES`: a value that is installed, such as a hardware
                         type, for the options that name such; RANGES as in `0-4,7-25`
    ironic-auth.txt      `plugin RANGES option,option=former=former,...`: the options of a
                         keystoneauth plugin
"""

import collections
import json
import re


def normal(key):
    """A (group, name) pair under the group name that oslo.config compares."""
    group, name = key
    return (group if group == "DEFAULT" else group.lower(), name)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def runs(pairs):
    """[(number, value), ...] in order -> [[first, last, value], ...] of equal neighbours."""
    found = []
    for number, value in pairs:
        if found and found[-1][1] == number - 1 and found[-1][2] == value:
            found[-1][1] = number
        else:
            found.append([number, number, value])
    return found


def ranges(numbers):
    return ",".join(f"{first}-{last}" for first, last, _ in runs((n, 0) for n in sorted(numbers)))


FIELDS = {
    "subtype": "u",
    "item_type": "i",
    "regex": "r",
    "choices": "c",
    "min": "n",
    "max": "x",
    "secret": "s",
    "required": "q",
    "deprecated_for_removal": "dr",
    "default_is_runtime": "rt",
    "ignore_case": "ic",
}

# Defaults that the code sets when it registers an option, which the facts do not have, with the first
# release that does: register_auth_opts in ironic_lib/keystone.py (ironic-lib 4.6.0 and newer), and in
# ironic/common/keystone.py since 2025.1, when Ironic took it over.
SET_BY_CODE = {
    ("json_rpc", "auth_type"): ("wallaby", "password"),
    ("ironic_networking_json_rpc", "auth_type"): ("2026.1", "password"),
}


def definition(option):
    made = {"t": option["type"]}
    made |= {short: option[long] for long, short in FIELDS.items() if long in option}
    default = option.get("effective_default", option["default"])
    if default is not None:
        made["d"] = default
    return made


class History:
    """Everything that is known of the options, release by release."""

    def __init__(self, load):
        self.releases = load("releases.json")
        self.series = [release["series"] for release in self.releases]
        self.options = [self.read(load(f"options/{series}.json")) for series in self.series]
        for key, (first, default) in SET_BY_CODE.items():
            for options in self.options[self.number(first) :]:
                options[key]["effective_default"] = default
        self.entrypoints = load("entrypoints.json")
        self.auth = load("auth_plugins.json")
        self.aliases = []
        for options in self.options:
            aliases = collections.defaultdict(list)
            for key, option in options.items():
                for former in option.get("deprecated", []):
                    if normal(former) != key:
                        aliases[normal(former)].append(key)
            self.aliases.append(aliases)

    @staticmethod
    def read(options):
        return {normal((option["group"], option["name"])): option for option in options}

    def number(self, series):
        return self.series.index(series)

    def is_option(self, key, number):
        return key in self.options[number]

    def is_known(self, key, number):
        return key in self.options[number] or key in self.aliases[number]

    def releases_text(self):
        rows = [(r["series"], r.get("name") or "-", r["version"]) for r in self.releases]
        return "".join(" ".join(row) + "\n" for row in rows)

    def history_text(self):
        keys = {key for options in self.options for key in options}
        keys |= {key for aliases in self.aliases for key in aliases}
        lines = []
        for key in sorted(keys, key=lambda key: (key[0].encode(), key[1].encode())):
            numbers = range(len(self.series))
            live = [n for n in numbers if key in self.options[n]]
            row = {}
            if live:
                row["o"] = runs((n, definition(self.options[n][key])) for n in live)
                former = ((n, [list(normal(f)) for f in self.options[n][key].get("deprecated", []) if normal(f) != key]) for n in live)
                row["a"] = [run for run in runs(former) if run[2]]
                if not row["a"]:
                    del row["a"]
            readers = sorted({reader for n in numbers for reader in self.aliases[n].get(key, [])})
            if readers:
                row["f"] = [
                    [first, last, *reader]
                    for reader in readers
                    for first, last, _ in runs((n, 0) for n in numbers if reader in self.aliases[n].get(key, []))
                ]
            lines.append(f"{key[0]} {key[1]} {compact(row)}\n")
        return "".join(lines)

    def values_text(self):
        found = collections.defaultdict(set)
        for group, options in self.entrypoints["option_of"].items():
            for option in options:
                key = re.fullmatch(r"\[(\S+)\](\S+)", option).groups()
                for number, series in enumerate(self.series):
                    for value in self.entrypoints["values"].get(series, {}).get(group, []):
                        found[(*key, value)].add(number)
        return "".join(f"{' '.join(key)} {ranges(numbers)}\n" for key, numbers in sorted(found.items()))

    def auth_text(self):
        found = collections.defaultdict(list)
        for number, series in enumerate(self.series):
            for plugin, options in self.auth.get(series, {}).get("plugins", {}).items():
                words = ["=".join([o["name"], *o.get("deprecated", [])]) for o in options]
                found[plugin].append((number, ",".join(sorted(words)) or "-"))
        return "".join(
            f"{plugin} {first}-{last} {words}\n"
            for plugin, rows in sorted(found.items())
            for first, last, words in runs(rows)
        )
