"""Rules to fill in for the options that a release no longer has.

The rules themselves are in SERVICE/rules/*.toml; their format is in docs/rule-language.md.
"""

import json
import tomllib


def vanished(before, release, named):
    """The options of the release before that the release does not read and that no rule names, sorted."""
    gone = set(before.options) - release.reads()
    return sorted(key for key in gone if not named(key))


class Named:
    """The options that rules are about."""

    def __init__(self, paths):
        self.names = set()
        self.in_any_section = set()
        for path in paths:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            for rule in document.get("rule", []):
                self.add_rule(rule)
            for option in document.get("option", []):
                self.names |= {plain(former["group"], former["name"]) for former in option.get("former", [])}
            self.names |= {plain(gone["group"], gone["name"]) for gone in document.get("removed", [])}

    def add_rule(self, rule):
        sections = rule.get("in")
        for name in sources(rule):
            group, option = name.rsplit(".", 1)
            if group != "{section}":
                self.names.add(plain(group, option))
            elif isinstance(sections, list):
                self.names |= {plain(section, option) for section in sections}
            else:
                self.in_any_section.add(plain("", option)[1])

    def __call__(self, key):
        group, name = plain(*key)
        return (group, name) in self.names or name in self.in_any_section


def plain(group, name):
    return group.lower(), name.replace("-", "_")


def sources(rule):
    """The options that a rule takes, as written in it: `GROUP.NAME`."""
    yield from (row["from"] for row in rule.get("rename", []))
    yield from (part["option"] for part in rule.get("part", {}).values())
    yield from rule.get("take", [])
    for form in ("items", "remove", "report"):
        yield from rule.get(form, {}).get("options", [])


def skeleton(key, before, release):
    """A rule, as TOML, that says only that an option is gone."""
    group, name = key
    namesakes = sorted(other for other, option in release.options if option == name)
    lines = ["[[rule]]", f"# In {before.series}: {before.options[key]}"]
    if key in before.former:
        lines.append(f"# It read also: {before.former[key]}")
    if namesakes:
        lines.append(f"# Options of this name: {', '.join(f'[{other}]' for other in namesakes)}")
    fields = {
        "id": f"{group}-{name}".lower().replace("_", "-"),
        "release": release.series,
        "why": f"gone in {release.series} ({release.version}): ",
        "automatic": "advice",
        "advice": "",
    }
    lines += [f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in fields.items()]
    lines += ["proof = []", f'report = {{ options = ["{group}.{name}"] }}']
    return "".join(f"{line}\n" for line in lines)
