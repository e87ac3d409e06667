# -*- coding: utf-8 -*-
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Runs confmig on a host and reads its report."""

from __future__ import annotations

import json

# What selects the files and the names that they get, for each module.
TARGET_ARGUMENTS = dict(
    files=dict(type='list', elements='path', required=True),
    from_release=dict(type='str'),
    to_release=dict(type='str'),
    service=dict(type='str'),
    schema=dict(type='path'),
    from_schema=dict(type='path'),
    rules=dict(type='list', elements='str', default=[]),
    policy=dict(type='path'),
    executable=dict(type='str', default='confmig'),
)

OPTIONS = {
    'from_release': '--from',
    'to_release': '--to',
    'service': '--service',
    'schema': '--schema',
    'from_schema': '--from-schema',
    'policy': '--policy',
    'decisions': '--decisions',
    'baseline': '--baseline',
}


def words_of(params):
    """Returns the words of the command line that say what to read, without the files."""
    words = []
    for name, option in OPTIONS.items():
        if params.get(name):
            words += [option, params[name]]
    for rules in params.get('rules') or []:
        words += ['--rules', rules]
    for accepted in params.get('accept') or []:
        words += ['--accept', accepted]
    return words


def run(module, command, words, files):
    """Runs confmig, and returns its exit status and its report.

    The module fails with confmig's own message if the status is 2: then nothing was replaced, unless
    the message names a file and says so.
    """
    program = module.get_bin_path(module.params['executable'], required=True)
    line = [program, command] + words + ['--format', 'json', '--'] + files
    # No variable of the service's environment decides, and messages have no colours.
    status, output, errors = module.run_command(line, environ_update={'NO_COLOR': '1', 'LC_ALL': 'C.UTF-8'})
    if status not in (0, 1):
        module.fail_json(msg=errors.strip() or 'confmig ended with status %d' % status, rc=status)
    try:
        report = json.loads(output)
    except ValueError:
        module.fail_json(msg='confmig printed no report: is it version 0.1 or newer?', rc=status, stderr=errors)
    return status, report, [line for line in errors.splitlines() if line]
