"""The oracle: reads configuration files with Python's oslo.config, on requests over pipes.

Each line of standard input is a request in JSON; its answer is one line of JSON on standard output. BYTES
is a text with one character per byte (Latin-1). A request that fails is answered with
`{"crash": TRACEBACK}`.

`{"ask": "version"}`
    gives `{"version": TEXT}`.

`{"ask": "parse", "text": BYTES}`
    gives `{"events": [...]}`, in the order of the file: `["section", LINE, NAME]`,
    `["entry", LINE, SECTION, KEY, VALUE]`, and `"comments": [LINE, ...]`;
    or `{"failure": FAILURE}`.

`{"ask": "resolve", "sources": [SOURCE, ...], "options": [OPTION, ...], "environment": {NAME: VALUE}}`
    with SOURCE `{"file": [NAME, BYTES]}` or `{"dir": NAME, "files": [[NAME, BYTES], ...]}`
    gives `{"options": [...], "deprecated": [[GROUP, NAME], ...], "referred": [[GROUP, NAME], ...]}`:
    for each option `{"value": VALUE, "text": TEXT}` or `{"error": KIND, "message": TEXT}`; then the
    former names that were logged as found in a file, and those logged as found in a reference;
    or `{"failure": FAILURE}`.

FAILURE is `{"kind": "syntax", "line": LINE, "message": TEXT, "file": NAME}` or `{"kind": "not UTF-8"}`.
VALUE is JSON, except for numbers, `{"int": TEXT}` and `{"float": TEXT}`, and `{"dict": [[NAME, VALUE], ...]}`.
"""

import importlib.metadata
import json
import logging
import os
import sys
import tempfile
import traceback

from oslo_config import cfg, iniparser, types


class Collector(logging.Handler):
    """Collects the deprecations that oslo.config logs, by file and by reference."""

    def __init__(self):
        super().__init__()
        self.in_files = []
        self.in_references = []

    def emit(self, record):
        if not isinstance(record.args, dict) or 'dep_option' not in record.args:
            return
        group = record.args['dep_group']
        name = ['DEFAULT' if group is None else str(group), record.args['dep_option']]
        by_reference = record.msg.startswith('Config option ')
        found = self.in_references if by_reference else self.in_files
        if name not in found:
            found.append(name)


class Recorder(cfg.ConfigParser):
    """oslo.config's own parser, which tells what it sees in the order of the file."""

    def __init__(self, filename):
        super().__init__(filename, {})
        self._add_normalized({})
        self.events = []
        self.comments = []
        self.key_line = 0

    def new_section(self, section):
        super().new_section(section)
        self.events.append(['section', self.lineno, section])

    def _split_key_value(self, line):
        self.key_line = self.lineno
        return super()._split_key_value(line)

    def _assignment(self, key, value):
        # A value is filed when it ends, after its own line and before the next key is read.
        line = self.key_line
        result = super()._assignment(key, value)
        entry = self.sections[self.section][key][-1]
        self.events.append(['entry', line, self.section, key, entry])
        return result

    def comment(self, comment):
        super().comment(comment)
        self.comments.append(self.lineno)


def failure(error):
    """What stopped oslo.config from reading a file, or None when it is something else."""
    if isinstance(error, UnicodeDecodeError):
        return {'kind': 'not UTF-8'}
    # ConfigFileParseError has the line in its message only; the parser's own error led to it.
    if isinstance(error, cfg.ConfigFileParseError):
        error = error.__context__
    if isinstance(error, iniparser.ParseError):
        return {
            'kind': 'syntax',
            'line': error.lineno,
            'message': error.msg,
            'file': os.path.basename(error.filename),
        }
    return None


def parse(request, directory):
    path = os.path.join(directory, 'parsed.conf')
    with open(path, 'wb') as file:
        file.write(request['text'].encode('latin-1'))
    recorder = Recorder(path)
    try:
        recorder.parse()
    except (iniparser.ParseError, UnicodeDecodeError) as error:
        return {'failure': failure(error)}
    return {'events': recorder.events, 'comments': recorder.comments}


def make_type(kind):
    """The type object for a type inside another one, or of a multi-valued option."""
    name = kind['kind']
    if name == 'str':
        return types.String(
            choices=kind['choices'] or None,
            ignore_case=kind['ignore_case'],
            max_length=kind['max_length'],
        )
    if name == 'bool':
        return types.Boolean()
    if name == 'int':
        return types.Integer(min=kind['min'], max=kind['max'], choices=kind['choices'] or None)
    if name == 'float':
        return types.Float(min=kind['min'], max=kind['max'])
    if name == 'port':
        return types.Port(min=kind['min'], max=kind['max'], choices=kind['choices'] or None)
    if name == 'list':
        return types.List(make_type(kind['item']), bounds=kind['bounds'])
    if name == 'dict':
        return types.Dict(make_type(kind['value']))
    if name == 'uri':
        return types.URI()
    if name == 'hostaddress':
        return types.HostAddress(kind['version'])
    if name == 'ip':
        return types.IPAddress(kind['version'])
    raise ValueError(f'unknown type {name}')


def make_option(option):
    """The option, made with the class that a service would use for it."""
    name, kind = option['name'], option['type']
    common = {
        'deprecated_opts': [cfg.DeprecatedOpt(name, group=group) for group, name in option['deprecated']],
    }
    simple = {key: value for key, value in kind.items() if key != 'kind'}
    if 'choices' in simple:
        simple['choices'] = simple['choices'] or None
    plain_string = kind['kind'] == 'str' and kind == {
        'kind': 'str',
        'choices': [],
        'ignore_case': False,
        'max_length': None,
    }
    if option['multi'] and plain_string:
        made = cfg.MultiStrOpt(name, **common)
    elif option['multi']:
        made = cfg.MultiOpt(name, item_type=make_type(kind), **common)
    elif kind['kind'] == 'list':
        made = cfg.ListOpt(name, item_type=make_type(kind['item']), bounds=kind['bounds'], **common)
    elif kind['kind'] == 'dict':
        made = cfg.Opt(name, type=make_type(kind), **common)
    else:
        classes = {
            'str': cfg.StrOpt,
            'bool': cfg.BoolOpt,
            'int': cfg.IntOpt,
            'float': cfg.FloatOpt,
            'port': cfg.PortOpt,
            'uri': cfg.URIOpt,
            'hostaddress': cfg.HostAddressOpt,
            'ip': cfg.IPOpt,
        }
        made = classes[kind['kind']](name, **simple, **common)
    # Set afterwards: the constructor refuses a default that is not valid, a service's set_default
    # does not, and so reading it has to say so.
    if option['default']:
        made.default = option['default'] if option['multi'] else option['default'][0]
    return made


def encode(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {'int': str(value)}
    if isinstance(value, float):
        return {'float': repr(value)}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {'dict': [[name, encode(item)] for name, item in value.items()]}
    raise TypeError(f'a value of type {type(value)}')


ERRORS = [
    (cfg.NoSuchOptError, 'no such option'),
    (cfg.NoSuchGroupError, 'no such group'),
    (cfg.TemplateSubstitutionError, 'group reference'),
    (RecursionError, 'recursion'),
    (ValueError, 'value'),
]


def look_up(conf, option):
    name = option['name'].replace('-', '_')
    try:
        if option['group'] == 'DEFAULT':
            try:
                value = conf[name]
            except cfg.NoSuchOptError as error:
                # In the default group every error comes out as this one; the cause is behind it.
                raise error.__context__ or error from None
        else:
            value = conf[option['group']][name]
    except Exception as error:
        for kind, word in ERRORS:
            if isinstance(error, kind):
                return {'error': word, 'message': str(error)}
        raise
    # What a reference to the option becomes.
    return {'value': encode(value), 'text': '' if value is None else str(value)}


def write_sources(sources, directory):
    arguments = []
    for index, source in enumerate(sources):
        # A directory of its own each: two sources may have the same name.
        place = os.path.join(directory, str(index))
        os.mkdir(place)
        if 'file' in source:
            files = [source['file']]
            arguments += ['--config-file', os.path.join(place, source['file'][0])]
        else:
            files = source['files']
            place = os.path.join(place, source['dir'])
            os.mkdir(place)
            arguments += ['--config-dir', place]
        for name, text in files:
            with open(os.path.join(place, name), 'wb') as file:
                file.write(text.encode('latin-1'))
    return arguments


def resolve(request, directory):
    collector = Collector()
    logger = logging.getLogger('oslo_config.cfg')
    logger.addHandler(collector)
    variables = dict(request['environment'])
    os.environ.update(variables)
    try:
        conf = cfg.ConfigOpts()
        for option in request['options']:
            group = option['group']
            conf.register_opt(make_option(option), None if group == 'DEFAULT' else group)
        arguments = write_sources(request['sources'], directory)
        try:
            # Empty lists, so that nothing of this machine is looked for.
            conf(arguments, project='oracle', default_config_files=[], default_config_dirs=[])
        except (cfg.ConfigFileParseError, UnicodeDecodeError) as error:
            return {'failure': failure(error)}
        found = [look_up(conf, option) for option in request['options']]
        return {
            'options': found,
            'deprecated': collector.in_files,
            'referred': collector.in_references,
        }
    finally:
        logger.removeHandler(collector)
        for name in variables:
            del os.environ[name]


def version(request, directory):
    return {'version': importlib.metadata.version('oslo.config')}


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    logger = logging.getLogger('oslo_config.cfg')
    logger.propagate = False
    # An option that refers to itself ends in a RecursionError: half of all time at the usual 1,000 frames.
    # Some 30 references in a row still fit, more than any generated case has.
    sys.setrecursionlimit(400)
    answers = {'parse': parse, 'resolve': resolve, 'version': version}
    # In memory where possible: on a disk, half of all time goes into making and removing directories.
    memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
    # The checks of a case ask a quarter of their questions more than once.
    answered = {}
    for line in sys.stdin.buffer:
        if line not in answered:
            if len(answered) >= 100:
                answered.clear()
            request = json.loads(line)
            with tempfile.TemporaryDirectory(prefix='oracle-', dir=memory) as directory:
                try:
                    answer = answers[request['ask']](request, directory)
                except Exception:
                    answer = {'crash': traceback.format_exc()}
            answered[line] = json.dumps(answer)
        sys.stdout.write(answered[line])
        sys.stdout.write('\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main()
