"""Loads configurations into a real service, on requests over pipes.

Each line of standard input is a request in JSON; its answer is one line of JSON on standard output. A
process forked after all imports answers each request, so that requests cannot affect each other. A
request that fails is answered with `{"crash": TEXT}`.

`{"ask": "load", "text": TEXT}` gives
    {"values": [[GROUP, NAME, VALUE], ...],   options that the text sets, under their current names
     "refused": [[GROUP, NAME, MESSAGE], ...],
     "unknown": [[GROUP, NAME], ...],         names that the text sets and no option reads
     "former": [[GROUP, NAME, NEW_GROUP, NEW_NAME], ...],  former names that were logged as deprecated
     "deprecated_for_removal": [[GROUP, NAME], ...],  options that were logged as such
     "warnings": [MESSAGE, ...]}              the other warnings that oslo.config logged
`{"ask": "options"}` gives {"options": [[GROUP, NAME], ...]}: all registered options, and those of the
authentication plugins `password` and `v2password`.

VALUE has the form described in oslo_config_oracle.py; a value of any other type is {"python": TEXT}.
"""

import json
import logging
import os
import sys
import tempfile
import traceback

from oslo_config import cfg

from oslo_config_oracle import encode


class Collector(logging.Handler):
    """Collects the warnings that oslo.config logs."""

    def __init__(self):
        super().__init__(level=logging.WARNING)
        self.former, self.deprecated_for_removal, self.warnings = [], [], []

    def emit(self, record):
        words = record.args if isinstance(record.args, dict) else {}

        def name(prefix):
            group = words[prefix + 'group']
            return ['DEFAULT' if group is None else str(group), words[prefix + 'option']]

        if 'dep_option' in words:
            kept, row = self.former, [*name('dep_'), *name('')]
        elif 'reason' in words and 'option' in words:
            kept, row = self.deprecated_for_removal, name('')
        else:
            kept, row = self.warnings, ' '.join(record.getMessage().split())
        if row not in kept:
            kept.append(row)


def register(conf, listed):
    """Registers lists of options with their groups, as `oslo.config.opts` entry points return them.

    The first definition of an option counts."""
    for group, opts in listed:
        if getattr(group, 'name', group) in (None, 'DEFAULT'):
            group = None
        for opt in opts:
            try:
                conf.register_opt(opt, group)
            except cfg.DuplicateOptError:
                pass


def register_plugins(conf, named=None):
    """Registers the options of the plugin `named`, or of those that the groups name.

    The services themselves register these when they first authenticate."""
    from keystoneauth1 import loading

    for name in list(conf._groups):
        if not {'auth_type', 'auth_section'} <= set(conf._groups[name]._opts):
            continue
        group = conf[name]
        plugin = named or group.auth_type
        if plugin:
            try:
                opts = loading.get_auth_plugin_conf_options(plugin)
            except Exception:  # no such plugin
                continue
            for opt in opts:
                try:
                    conf.register_opt(opt, group=group.auth_section or name)
                except cfg.DuplicateOptError:
                    # Also one of the service's own options.
                    pass


def options(conf):
    for name, info in sorted(conf._opts.items()):
        yield 'DEFAULT', info['opt']
    for group in sorted(conf._groups):
        for info in conf._groups[group]._opts.values():
            yield group, info['opt']


def as_looked_up(group):
    return group if group == 'DEFAULT' else group.lower()


def names(group, opt):
    """Yields all (group, name) pairs by which a file may set an option."""
    group = as_looked_up(group)
    yield group, opt.dest
    for former in opt.deprecated_opts:
        name = former.name or opt.name
        place = as_looked_up(former.group or group)
        yield place, name
        yield place, name.replace('-', '_')


def load(conf, request):
    collector = Collector()
    logger = logging.getLogger('oslo_config')
    logger.addHandler(collector)
    logger.propagate = False
    with tempfile.TemporaryDirectory(prefix='real-service-') as directory:
        path = os.path.join(directory, 'service.conf')
        with open(path, 'w', encoding='utf-8', newline='') as file:
            file.write(request['text'])
        # Empty lists, so that no files of this machine are read.
        try:
            conf(['--config-file', path], project='real_service', default_config_files=[], default_config_dirs=[])
        except cfg.RequiredOptError:
            # The file has been read; options that the service requires do not matter here.
            pass
        sections = {}
        cfg.ConfigParser(path, sections).parse()
    given = {(as_looked_up(section), key) for section, keys in sections.items() for key in keys}
    register_plugins(conf)
    answer = {'values': [], 'refused': []}
    known = set()
    for group, opt in options(conf):
        mine = set(names(group, opt))
        known |= mine
        if not mine & given:
            continue
        try:
            value = conf[opt.dest] if group == 'DEFAULT' else conf[group][opt.dest]
        except (cfg.Error, ValueError) as error:
            answer['refused'].append([group, opt.dest, str(error).replace(path, 'service.conf')])
            continue
        try:
            encoded = encode(value)
        except TypeError:
            encoded = {'python': str(value)}
        answer['values'].append([group, opt.dest, encoded])
    answer['unknown'] = sorted(given - known)
    answer['former'] = collector.former
    answer['deprecated_for_removal'] = collector.deprecated_for_removal
    answer['warnings'] = collector.warnings
    return answer


def registered(conf, request):
    try:
        conf([], project='real_service', default_config_files=[], default_config_dirs=[])
    except cfg.RequiredOptError:
        pass
    register_plugins(conf, 'password')
    register_plugins(conf, 'v2password')
    return {'options': [[as_looked_up(group), opt.dest] for group, opt in options(conf)]}


def serve(conf, answers):
    """Answers requests until the input ends."""
    # Imported before the first fork.
    from keystoneauth1 import loading
    loading.get_available_plugin_names()
    answers = {'load': load, 'options': registered, **answers}
    while line := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            request = json.loads(line)
            try:
                answer = answers[request['ask']](conf, request)
            except BaseException:
                answer = {'crash': traceback.format_exc()}
            sys.stdout.write(json.dumps(answer) + '\n')
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({'crash': f'the answering process ended with {status}'}) + '\n')
            sys.stdout.flush()
