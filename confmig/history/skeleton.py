"""Rules to fill in for the options that a release no longer has.

The rules themselves are in SERVICE/rules/*.toml; their format is in docs/rule-language.md.
"""

import json
import tomllib


# What is to be written in its place; the build refuses a rule that still has it.
FILL_IN = "FILL IN"

# The service whose rules have ids without its name.
DEFAULT_SERVICE = "ironic"

# What stands for a value in an example, by type; other types take any text.
VALUES = {"bool": "True", "int": "7", "float": "7", "port": "8080", "uri": "http://192.0.2.1", "dict": "key:value"}


def vanished(before, release, named):
    """The options that the release before has, and that this one neither reads nor has a successor of, sorted.

    A successor may have been declared by the release before only. Options that rules name are left out.
    """
    reads = release.reads()
    declared = {key for option, keys in before.former_names().items() if option in reads for key in keys}
    gone = set(before.options) - reads - declared
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


def rule_id(service, key, others):
    """The id of a rule: that of Ironic begins with the name of no other service, others with their own."""
    group, name = key
    words = [name] if group == "DEFAULT" else [group, name]
    made = "-".join(words).lower().replace("_", "-")
    if service != DEFAULT_SERVICE:
        return f"{service}-" + made.removeprefix(f"{service}-")
    for other in others:
        made = made.removeprefix(f"{other}-")
    return made


def header(service, series):
    """What to do with the rules that follow."""
    return (
        f"# Rules to fill in, one for each option that {series} no longer has and no rule mentions. Put them into\n"
        f"# confmig/history/{service}/rules/{series}.toml, in the order of the ids. CONTRIBUTING.md describes the keys.\n"
    )


def skeleton(service, key, before, release, others):
    """A rule, as TOML, that says only that an option is gone."""
    group, name = key
    namesakes = sorted(other for other, option in release.options if option == name)
    lines = ["", f"# In {before.series}: {before.options[key]}"]
    if key in before.former:
        lines.append(f"# It read also: {before.former[key]}")
    if namesakes:
        lines.append(f"# Options of this name: {', '.join(f'[{other}]' for other in namesakes)}")
    fields = {
        "id": rule_id(service, key, others),
        "automatic": "advice",
        "why": f"removed in {release.series} ({release.version}); {FILL_IN}",
        "advice": FILL_IN,
    }
    lines.append("[[rule]]")
    lines += [f"{field} = {json.dumps(value, ensure_ascii=False)}" for field, value in fields.items()]
    lines += [f'remove.options = ["{group}.{name}"]', f'proof = ["{FILL_IN}"]', "[[rule.example]]"]
    value = VALUES.get(json.loads(before.options[key]).get("type"), "value")
    for when in ("before", "after"):
        lines += [f'{when} = """', f"[{group}]", f"{name} = {value}", '"""']
    return "".join(f"{line}\n" for line in lines)
