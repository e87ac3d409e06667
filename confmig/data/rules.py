"""The rules that metadata does not tell, from curated.json and curated-notes.toml.

Used by generate.py. Made here: ironic-rules.txt, one rule a line, `FIRST LAST OPTIONS JSON`: the
numbers of the releases (0 is the oldest) whose step has the rule, the latter with a `+` when there is
still something to do in the newest release, the options that set it going, and the rule as docs/confmig.md describes it for rule files (TOML there, JSON here).

A rule belongs to the steps from the first release that has the successor while the old option is
deprecated (or gone) to the one in which the old option is gone. `curated-notes.toml` has for a
rule's id what the facts do not say in words, or say in words only: any key there replaces that of
the rule made here; `op-free` keys (why, advice, example) leave the rest as it is. A table with `own = true` is a rule that curated.json
does not have: all of it is written there, and without `last` it has a `+`.
"""

from releases import compact, normal

OPERATIONS = ("rename", "part", "set", "take", "items", "remove", "report")
SAMPLES = {
    "int": "7",
    "float": "7.5",
    "bool": "True",
    "port": "8080",
    "uri": "http://192.0.2.1:8080",
    "list": "one,two",
    "dict": "one:two",
    "ip": "192.0.2.1",
    "hostaddress": "192.0.2.1",
}


def text(key):
    return ".".join(key)


def bracketed(key):
    return f"[{key[0]}] {key[1]}"


def listed(words):
    words = list(words)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


class Rules:
    def __init__(self, history, curated, notes):
        self.history = history
        self.notes = notes
        own = {name: note for name, note in notes.items() if note.get("own")}
        unknown = set(notes) - set(own) - {entry["id"] for entry in curated}
        assert not unknown, f"notes for no rule: {sorted(unknown)}"
        self.rules = [self.rule(entry) for entry in curated]
        self.rules += [self.own_rule(name, note) for name, note in own.items()]

    def own_rule(self, name, note):
        made = {"id": name, "automatic": "yes"}
        made |= {key: value for key, value in note.items() if key not in ("own", "first", "last")}
        newest = self.history.series[-1]
        first, last = (self.history.number(series) for series in (note["first"], note.get("last", newest)))
        lasting = "" if "last" in note else "+"
        return first, f"{last}{lasting}", sorted(self.in_sections(made)), made

    def in_sections(self, rule):
        """The options that set a rule going, one for each section that it can be about."""
        for name in triggers(rule):
            section, option = name.rsplit(".", 1)
            if section != "{section}":
                yield name
            elif isinstance(rule["in"], list):
                yield from (f"{group}.{option}" for group in rule["in"])
            else:
                having = rule["in"]["having"]
                keys = {key for options in self.history.options for key in options}
                yield from (text(key) for key in keys if key[1] == option and (key[0], having) in keys)

    def text(self):
        rows = sorted(self.rules, key=lambda row: (int(str(row[1]).rstrip("+")), row[3]["id"]))
        return "".join(f"{first} {last} {','.join(triggers)} {compact(rule)}\n" for first, last, triggers, rule in rows)

    def rule(self, entry):
        entry = dict(entry)
        entry["from"] = [normal(key) for key in entry["from"]]
        entry["to"] = [normal(key) for key in entry["to"]]
        note = self.notes.get(entry["id"], {})
        first, last = self.window(entry)
        made = {"id": entry["id"], "automatic": automatic(entry)}
        if entry["gone_in"]:
            made["release"] = entry["gone_in"]
        made["proof"] = [proof(item) for item in entry["proof"]]
        operation = {key: note[key] for key in OPERATIONS if key in note}
        made |= operation or self.operation(entry, first, last)
        target = {"the target wins": "target"}.get(entry["rule"].get("if_target_set", ""))
        if target:
            made["if_target_set"] = target
        made["why"] = self.why(entry)
        advice = self.advice(entry)
        if advice:
            made["advice"] = advice
        first, last = note.get("first", first), note.get("last", last)
        first, last = (self.history.number(n) if isinstance(n, str) else n for n in (first, last))
        made |= {key: value for key, value in note.items() if key not in ("first", "last")}
        if "example" not in made:
            made["example"] = [self.example(made, first)]
        return first, last, sorted(triggers(made)), made

    def window(self, entry):
        """The numbers of the first and the last release whose step has the rule."""
        history = self.history
        newest = len(history.series) - 1
        last = history.number(entry["gone_in"]) if entry["gone_in"] else newest
        if entry["kind"] == "value-removed" or entry["rule"]["op"] in ("map-each", "split-join", "same-text") and entry["from"] == entry["to"]:
            return last, last
        first = history.number(entry["deprecated_in"]) if entry["deprecated_in"] else last
        if entry["kind"].startswith("removed-"):
            # While a release reads an option, it is not taken out; some of a rule went earlier.
            numbers = range(len(history.series))
            known = [[n for n in numbers if history.is_known(key, n)] for key in entry["from"]]
            gone = [min(live[-1] + 1, last) for live in known if live]
            return min(gone, default=last), last
        targets = [key for key in entry["to"] if any(history.is_option(key, n) for n in range(first, last + 1))]

        def fits(number):
            known = any(history.is_option(key, n) for key in entry["from"] for n in (number, max(number - 1, 0)))
            return all(history.is_option(key, number) for key in targets) and (known or not entry["from"])

        return next((n for n in range(first, last + 1) if fits(n)), last), last

    def sources(self, entry, first, last):
        """The old options as the release before each step has them: later names for the same are
        given by metadata, and the rule for those is enough."""
        history = self.history
        live = [key for key in entry["from"] if any(history.is_option(key, n) for n in range(max(first - 1, 0), last + 1))]
        return [key for key in live if key not in entry["to"]] or live or entry["from"]

    def operation(self, entry, first, last):
        rule, op = entry["rule"], entry["rule"]["op"]
        sources = self.sources(entry, first, last)
        if op == "rename-each":
            pairs = [(old, new) for old, new in zip(entry["from"], entry["to"], strict=True) if old in sources]
            return {"rename": [{"from": text(old), "to": text(new)} for old, new in pairs]}
        if op == "copy-value":
            assert len(entry["to"]) == 1, entry["id"]
            return {"rename": [{"from": text(old), "to": text(entry["to"][0])} for old in sources]}
        if op == "copy-to-each":
            assert len(sources) == 1, entry["id"]
            targets = [key for key in entry["to"] if self.history.is_option(key, first)]
            return {
                "part": {"value": {"option": text(sources[0])}},
                "set": [{"option": text(key), "value": "{value}"} for key in targets],
                "take": [text(sources[0])],
            }
        if op == "drop":
            remove = {"options": [text(key) for key in sources]}
            if "kept_behaviour" in rule:
                remove["kept"] = rule["kept_behaviour"]
            return {"remove": remove}
        if op == "drop-values":
            replaced = rule.get("replacements", {})
            gone = [value for value in rule["values"] if value not in replaced]
            return {"items": {"options": [text(key) for key in entry["from"]], "replace": replaced, "drop": gone}}
        if op == "map-each" and "map" in rule:
            replaced = {old: new for old, new in rule["map"].items() if new is not None}
            gone = [old for old, new in rule["map"].items() if new is None]
            return {"items": {"options": [text(key) for key in entry["from"]], "replace": replaced, "drop": gone}}
        if op == "map-each":
            return classic_drivers(entry)
        if op in ("keep", "default", "same-text"):
            return {"report": {"options": [text(key) for key in entry["from"]]}}
        raise SystemExit(f"{entry['id']}: no rule is known for {op}: write one in curated-notes.toml")

    def why(self, entry):
        since, release = entry["deprecated_in"], entry["gone_in"]
        versions = sorted({life["gone_in_version"] for life in entry.get("lifetime", []) if "gone_in_version" in life})
        gone = f"gone in {release}" + (f" ({listed(versions)})" if versions and len(versions) == 1 else "")
        deprecated = f"deprecated in {since}, " if since and since != release else ""
        kind = entry["kind"]
        if kind == "value-removed":
            return f"{listed(entry['rule']['values'])} left in {release}; a conductor that is told of one does not start"
        if kind in ("removed-no-effect", "removed-with-advice"):
            what = "nothing has read it since" if kind == "removed-no-effect" else "nothing takes its place as it is"
            return f"{deprecated}{gone}: {what}"
        if not release:
            return f"deprecated in {since}"
        return f"{deprecated}{gone}: {listed(sorted({bracketed(key) for key in entry['to']}))} took over"

    def advice(self, entry):
        said = []
        rule = entry["rule"]
        if "kept_behaviour" in rule:
            said.append(f"The service now behaves as with {rule['kept_behaviour']}.")
        if "caution" in rule:
            said.append(f"{rule['caution'][0].upper()}{rule['caution'][1:]}.")
        if rule.get("if_target_set", "the target wins") != "the target wins":
            said.append(f"When both are set: {rule['if_target_set']}.")
        if "old_default" in rule:
            new = rule["new_default"]
            said.append(f"The old default was {rule['old_default']}, the new one is {'none' if new is None else new}.")
        if isinstance(rule.get("values"), dict):
            said += [f"{value}: {meaning}." for value, meaning in rule["values"].items()]
        if "note" in entry:
            said.append(entry["note"])
        if entry.get("analogues"):
            said.append(f"Of like sense: {listed(bracketed(key) for key in entry['analogues'])}.")
        return " ".join(said)

    def example(self, rule, first):
        """A text before and after, for rules that need no thought."""
        if "rename" in rule:
            pair = rule["rename"][0]
            old, new = (name.rsplit(".", 1) for name in (pair["from"], pair["to"]))
            value = self.sample(old, first)
            return {"before": f"[{old[0]}]\n{old[1]} = {value}\n", "after": f"[{new[0]}]\n{new[1]} = {value}\n"}
        if "items" in rule:
            items = rule["items"]
            group, name = items["options"][0].rsplit(".", 1)
            gone, new = next(iter([*items["replace"].items(), *((value, None) for value in items["drop"])]))
            after = ["fake", new] if new else ["fake"]
            before = f"[{group}]\n{name} = fake,{gone}\n"
            return {"before": before, "after": f"[{group}]\n{name} = {','.join(after)}\n" if rule["automatic"] != "advice" else before}
        if "remove" in rule:
            group, name = rule["remove"]["options"][0].rsplit(".", 1)
            value = rule["remove"].get("kept") or self.sample((group, name), first)
            before = f"[{group}]\n{name} = {value}\n"
            return {"before": before, "after": "" if rule["automatic"] != "advice" else before}
        if "report" in rule:
            group, name = rule["report"]["options"][0].rsplit(".", 1)
            before = f"[{group}]\n{name} = {self.sample((group, name), first)}\n"
            return {"before": before, "after": before}
        raise SystemExit(f"{rule['id']}: write an example in curated-notes.toml")

    def sample(self, key, first):
        key = normal(key)
        for number in (*range(first, -1, -1), *range(first, len(self.history.series))):
            option = self.history.options[number].get(key)
            if option:
                if option.get("choices"):
                    return next(choice for choice in option["choices"] if choice is not None)
                return SAMPLES.get(option["type"], "value")
        return "value"


def automatic(entry):
    # Nothing takes the place of these: what they said is for the operator to carry on, or not.
    if entry["kind"] == "removed-with-advice" and entry["automatic"] == "yes":
        return "partial"
    return entry["automatic"]


def proof(item):
    if "commit" in item:
        return f"{item['repo']} {item['commit']} ({item['date']})"
    if "release_note" in item:
        at = f" at {item['at']}" if "at" in item else ""
        return f"{item['repo']} {item['release_note']}{at}"
    return f"{item['repo']} {item['source']}"


def triggers(rule):
    """The options that set a rule going."""
    found = {pair["from"] for pair in rule.get("rename", [])}
    found |= set(rule.get("take", []))
    for key in ("items", "remove", "report"):
        found |= set(rule.get(key, {}).get("options", []))
    if not found:
        found |= {part["option"] for part in rule.get("part", {}).values()}
        found |= {condition["option"] for condition in rule.get("when", [])}
    assert found, rule["id"]
    return found


def classic_drivers(entry):
    """Each classic driver becomes a hardware type and one interface of each kind."""
    option = text(entry["from"][0])
    plain, inspector = (entry["rule"][f"when_inspector_enabled_{said}"] for said in ("false", "true"))
    inspector = plain | inspector
    parts, sets = {}, []

    def part(name, values):
        parts[name] = {
            "option": option,
            "list": True,
            "values": {driver: value for driver, value in values.items() if value},
            "without": sorted(driver for driver, value in values.items() if not value),
        }

    part("types", {driver: made[0] for driver, made in plain.items()})
    sets.append({"option": "DEFAULT.enabled_hardware_types", "value": "{types}", "append": True})
    for key in entry["to"][1:]:
        kind = key[1].removeprefix("enabled_").removesuffix("_interfaces")
        part(kind, {driver: made[1].get(kind) for driver, made in plain.items()})
        made = {"option": text(key), "value": f"{{{kind}}}", "append": True}
        if kind != "inspect":
            sets.append(made)
            continue
        part("inspect_by_inspector", {driver: made[1].get(kind) for driver, made in inspector.items()})
        enabled = {"option": "inspector.enabled", "equals": "true"}
        sets.append(made | {"when": [enabled | {"not": True}]})
        sets.append(made | {"value": "{inspect_by_inspector}", "when": [enabled]})
    return {"part": parts, "set": sets, "take": [option]}
