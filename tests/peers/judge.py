"""What a service makes of a configuration, asked over pipes: the part that all services share.

One JSON object per line on standard input, one per line back on standard output. Each request is
answered by a process of its own, forked when all is imported, so that nothing stays from one to the
next. An answer that could not be made is `{"crash": TEXT}`.

`{"ask": "load", "text": TEXT}` gives
    {"values": [[GROUP, NAME, VALUE], ...],   options that the text sets, under their current names
     "refused": [[GROUP, NAME, MESSAGE], ...],
     "unknown": [[GROUP, NAME], ...],         what the text sets and nothing reads
     "former": [[GROUP, NAME, NEW_GROUP, NEW_NAME], ...],  former names that were logged as deprecated
     "going": [[GROUP, NAME], ...],           options that were logged as deprecated for removal
     "other": [MESSAGE, ...]}                 whatever else oslo.config logged as a warning
`{"ask": "options"}` gives {"options": [[GROUP, NAME], ...]}: all that are registered, and those of the
authentication plugins `password` and `v2password`.

VALUE is as oslo_config_oracle.py has it; one of another kind is {"python": TEXT}.
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
    """Keeps what oslo.config logs as a warning."""

    def __init__(self):
        super().__init__(level=logging.WARNING)
        self.former, self.going, self.other = [], [], []

    def emit(self, record):
        words = record.args if isinstance(record.args, dict) else {}

        def name(prefix):
            group = words[prefix + 'group']
            return ['DEFAULT' if group is None else str(group), words[prefix + 'option']]

        if 'dep_option' in words:
            kept, row = self.former, [*name('dep_'), *name('')]
        elif 'reason' in words and 'option' in words:
            kept, row = self.going, name('')
        else:
            kept, row = self.other, ' '.join(record.getMessage().split())
        if row not in kept:
            kept.append(row)


def register(conf, listed):
    """Registers lists of options, each with its group, as `oslo.config.opts` entry points return them.

    Of an option that is registered already, the first definition counts."""
    for group, opts in listed:
        if getattr(group, 'name', group) in (None, 'DEFAULT'):
            group = None
        for opt in opts:
            try:
                conf.register_opt(opt, group)
            except cfg.DuplicateOptError:
                pass


def register_plugins(conf, named=None):
    """The options of authentication plugins, which the services register when they first authenticate:
    those of the plugin that a group names, or of `named`."""
    from keystoneauth1 import loading

    for name in list(conf._groups):
        if not {'auth_type', 'auth_section'} <= set(conf._groups[name]._opts):
            continue
        group = conf[name]
        plugin = named or group.auth_type
        if plugin:
            try:
                opts = loading.get_auth_plugin_conf_options(plugin)
            except Exception:  # no such plugin: its options are unknown
                continue
            for opt in opts:
                try:
                    conf.register_opt(opt, group=group.auth_section or name)
                except cfg.DuplicateOptError:
                    # Listed with the service's own options, in other words.
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
    """All (group, name) pairs under which a file may give an option."""
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
    with tempfile.TemporaryDirectory(prefix='judge-') as directory:
        path = os.path.join(directory, 'judged.conf')
        with open(path, 'w', encoding='utf-8', newline='') as file:
            file.write(request['text'])
        # Empty lists, so that nothing of this machine is looked for.
        try:
            conf(['--config-file', path], project='judge', default_config_files=[], default_config_dirs=[])
        except cfg.RequiredOptError:
            # What else the service needs is no matter here; the file has been read.
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
            answer['refused'].append([group, opt.dest, str(error).replace(path, 'judged.conf')])
            continue
        try:
            encoded = encode(value)
        except TypeError:
            encoded = {'python': str(value)}
        answer['values'].append([group, opt.dest, encoded])
    answer['unknown'] = sorted(given - known)
    answer['former'] = collector.former
    answer['going'] = collector.going
    answer['other'] = collector.other
    return answer


def registered(conf, request):
    try:
        conf([], project='judge', default_config_files=[], default_config_dirs=[])
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
