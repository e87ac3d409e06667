"""What an option of oslo.config is like, in the words of options.txt.

Used by read_release.py, with the Python of a release's environment.
"""

import re

from oslo_config import cfg, types

# The first that an option's type is an instance of counts: Port is an Integer, HostDomain a HostAddress.
NAMES = [
    ("port", "Port"),
    ("int", "Integer"),
    ("float", "Float"),
    ("bool", "Boolean"),
    ("list", "List"),
    ("dict", "Dict"),
    ("ip", "IPAddress"),
    ("hostaddress", "Hostname"),
    ("hostaddress", "HostAddress"),
    ("uri", "URI"),
    ("str", "String"),
]
KNOWN = [(name, getattr(types, kind)) for name, kind in NAMES if hasattr(types, kind)]
# keystoneauth's options have Python's own types.
PLAIN = {str: "str", int: "int", float: "float", bool: "bool"}


def normal(group, name):
    """A name under the group name that oslo.config compares."""
    group = getattr(group, "name", group) or "DEFAULT"
    return (group if group == "DEFAULT" else group.lower(), name)


def type_name(kind):
    """The name of a type, and what it is called where it is a service's own."""
    if isinstance(kind, type):
        return PLAIN[kind], None
    name = next((name for name, known in KNOWN if isinstance(kind, known)), None)
    own = not type(kind).__module__.startswith("oslo_config.")
    if name is None and not own:
        raise TypeError(f"type without a name: {kind!r}")
    if not own:
        return name, None
    # KernelParameterString -> kernel_parameter_string
    return name or "str", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(kind).__name__).lower()


def item_name(kind):
    """The name of the type of items, None for plain text."""
    name, subtype = type_name(kind)
    return type(kind).__name__ if subtype else (None if name == "str" else name)


def text(value):
    """A default as it would be written in a file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ",".join(f"{key}:{text(item)}" for key, item in sorted(value.items()))
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return ",".join(text(item) for item in items)
    return str(value)


def default_text(option, value):
    """The text of a default, a list of texts for an option that may be set several times, or None."""
    if getattr(option, "multi", False):
        values = value or []
        return [text(item) for item in (values if isinstance(values, (list, tuple)) else [values])]
    return None if value is None else text(value)


def limits(kind):
    """What a type allows."""
    items = getattr(kind, "item_type", None) or kind
    made = {key: getattr(kind, key, None) for key in ("min", "max", "version")}
    made["max_length"] = getattr(kind, "max_length", None) or None
    made["ignore_case"] = getattr(items, "ignore_case", None) or None
    choices = getattr(items, "choices", None)
    if choices:
        made["choices"] = [choice if choice is None else str(choice) for choice in choices]
    regex = getattr(kind, "regex", None)
    if regex:
        made["regex"] = getattr(regex, "pattern", regex)
    return {key: value for key, value in made.items() if value is not None}


def definition(option, default):
    """All that options.txt says of an option but its former names."""
    name, subtype = type_name(option.type)
    made = {"type": name, "subtype": subtype}
    if getattr(option, "multi", False):
        made["item_type"] = item_name(option.type)
        made["type"] = "multistr"
    elif name in ("list", "dict"):
        items = option.type.item_type if name == "list" else option.type.value_type
        made["item_type"] = item_name(items)
    made |= limits(option.type)
    made["default"] = default_text(option, default)
    for mark in ("secret", "required", "deprecated_for_removal"):
        made[mark] = True if getattr(option, mark, False) else None
    return {key: value for key, value in made.items() if value is not None}


def former_names(option, key):
    """The former names of an option, in the order in which they are tried."""
    found = []
    for former in option.deprecated_opts:
        group = key[0] if former.group is None else former.group
        found.append(normal(group, former.name or option.name))
    return [list(name) for name in found if name != key]


def is_setting(option):
    """Whether a file can set an option."""
    return isinstance(option, cfg.Opt) and not isinstance(option, (cfg.SubCommandOpt, cfg._ConfigFileOpt, cfg._ConfigDirOpt))
