"""Reads the options that a service lists and registers, and what it has installed.

Used by read_release.py, with the Python of a release's environment.
"""

import ast
import importlib
import importlib.metadata
import pkgutil
import re

from oslo_config import cfg

from option_facts import default_text, definition, former_names, is_setting, normal


class Registered:
    """Records each option that is registered, with any ConfigOpts, and each default set over it."""

    def __init__(self):
        self.options = {}  # key -> option, the first one
        self.defaults = {}  # key -> the default that the service sets
        register, set_default = cfg.ConfigOpts.register_opt, cfg.ConfigOpts.set_default

        # Other keyword arguments, such as clear_cache, are for oslo.config's decorators.
        def recorded_register(conf, opt, group=None, cli=False, **others):
            if is_setting(opt):
                self.options.setdefault(normal(group, opt.dest), opt)
            return register(conf, opt, group=group, cli=cli, **others)

        def recorded_default(conf, name, default, group=None, **others):
            set_default(conf, name, default, group=group, **others)
            self.defaults[normal(group, name)] = default

        cfg.ConfigOpts.register_opt = recorded_register
        cfg.ConfigOpts.set_default = recorded_default


def entry_points(group):
    return sorted(importlib.metadata.entry_points(group=group), key=lambda point: point.name)


def listed(namespaces, notes):
    """Key -> option, of all that the sample generator lists."""
    found = {}
    points = {point.name: point for point in entry_points("oslo.config.opts")}
    for namespace in namespaces:
        if namespace not in points:
            notes.append(f"namespace {namespace} is not installed")
            continue
        for group, options in points[namespace].load()():
            for option in filter(is_setting, options):
                found.setdefault(normal(group, option.dest), option)
    return found


def set_sample_defaults(namespaces):
    """Does as the sample generator: lets a service set defaults of its libraries."""
    for point in entry_points("oslo.config.opts.defaults"):
        if point.name in namespaces:
            point.load()()


def import_all(packages, skip, notes):
    """Imports all modules of some packages, but for those that a prefix in `skip` names."""

    def skipped(name):
        return any(name == prefix or name.startswith(prefix + ".") for prefix in skip) or ".tests" in name

    def visit(name):
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            notes.append(f"{name} was not imported ({type(error).__name__}: {error})")
            return
        for found in pkgutil.iter_modules(getattr(module, "__path__", [])):
            if found.name != "__main__" and not skipped(f"{name}.{found.name}"):
                visit(f"{name}.{found.name}")

    for package in packages:
        visit(package)


def call(line, notes):
    """Calls what `MODULE:FUNCTION` or `MODULE:FUNCTION(ARGUMENTS)` names; arguments are literals."""
    target, *arguments = re.fullmatch(r"([\w.]+:[\w.]+)(?:\((.*)\))?", line).groups()
    written = ast.parse(f"f({arguments[0] or ''})", mode="eval").body
    by_name = {word.arg: ast.literal_eval(word.value) for word in written.keywords}
    module, _, function = target.partition(":")
    try:
        made = importlib.import_module(module)
        for part in function.split("."):
            made = getattr(made, part)
        made(*map(ast.literal_eval, written.args), **by_name)
    except BaseException as error:
        notes.append(f"{line} failed: {type(error).__name__}: {error}")


def installed_values(package, options_of):
    """What the service's own entry points install, for each option that takes their names."""
    points = importlib.metadata.distribution(package).entry_points
    return sorted(
        [*option.rsplit(".", 1), point.name]
        for point in points
        for option in options_of.get(point.group, [])
    )


def supported_interfaces(package, prefixes):
    """[type, kind, name] for each interface that a hardware type supports, of those that are installed.

    `prefixes` says for the entry point group of the types how those of the interfaces begin. A type is a
    class with a list of classes, `supported_KIND_interfaces`, for each kind.
    """
    points = importlib.metadata.distribution(package).entry_points
    rows = set()
    for types, prefix in prefixes.items():
        interfaces = {}
        for point in points:
            if point.group.startswith(prefix):
                interfaces.setdefault((point.group.removeprefix(prefix), point.load()), []).append(point.name)
        kinds = {kind for kind, _ in interfaces}
        for point in points.select(group=types):
            made = point.load()()
            for kind in kinds:
                supported = getattr(made, f"supported_{kind}_interfaces", [])
                rows |= {(point.name, kind, name) for found in supported for name in interfaces.get((kind, found), [])}
    return sorted(rows)


def plugin_options():
    """Plugin -> options of it, for all plugins of keystoneauth that need nothing that is not installed."""
    from keystoneauth1 import loading

    own = {point.name for point in importlib.metadata.distribution("keystoneauth1").entry_points}
    loaders = sorted(loading.get_available_plugin_loaders().items())
    return {name: loading.get_auth_plugin_conf_options(loader) for name, loader in loaders if name in own}


def plugin_rows(plugins):
    rows = []
    for plugin, options in plugins.items():
        for option in options:
            key = (plugin, option.dest)
            former = [name for _, name in former_names(option, key)]
            rows.append([*key, bool(option.secret), former])
        if not options:
            rows.append([plugin, "-", False, []])
    return rows


def read(service):
    """The facts of the release that is installed."""
    notes = []
    registered = Registered()
    namespaces = service["namespaces"]
    set_sample_defaults(namespaces)
    listed(namespaces, notes)
    import_all(service["modules"], service.get("skip", []), notes)
    for line in service.get("start", []):
        call(line, notes)
    # The lists once more: what has been called since may have set defaults.
    options = registered.options | listed(namespaces, [])
    plugins = plugin_options() if "plugins" in service else {}
    for key, option in plugin_options_of_sections(service.get("plugins", {}), plugins):
        options.setdefault(key, option)
    return {
        "options": [row(key, option, registered.defaults) for key, option in sorted(options.items())],
        "values": installed_values(service["package"], service.get("values", {})),
        "plugins": plugin_rows(plugins),
        "interfaces": supported_interfaces(service["package"], service.get("interfaces", {})),
        "distributions": distributions(),
        "notes": notes,
    }


def plugin_options_of_sections(about, plugins):
    """(key, option) for the sections in which the options of some plugins are shown."""
    for section in about.get("sections", []):
        for plugin in about["shown"]:
            for option in plugins.get(plugin, []):
                # Only with this plugin is it required.
                option.required = False
                yield normal(section, option.dest), option


def row(key, option, defaults):
    """An option with what it is like, with the value for the sample, and with its former names."""
    facts = definition(option, defaults.get(key, option.default))
    facts["sample"] = default_text(option, option.sample_default)
    return [*key, facts, former_names(option, key)]


def distributions():
    """Name -> version of all that is installed but the installer, where nothing needs it."""
    found, needed = {}, set()
    for distribution in importlib.metadata.distributions():
        found[distribution.metadata["Name"]] = distribution.version
        for line in distribution.requires or []:
            if "extra ==" not in line:
                needed.add(re.match(r"[\w.-]+", line)[0].lower())
    return {name: version for name, version in found.items() if name not in ("pip", "setuptools", "wheel") or name in needed}
