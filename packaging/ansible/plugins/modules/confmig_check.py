#!/usr/bin/python
# -*- coding: utf-8 -*-
# Licensed under the Apache License, Version 2.0; see LICENSE.

from __future__ import annotations

DOCUMENTATION = r'''
module: confmig_check
short_description: Finds settings that a service does not read, refuses or will stop reading
version_added: 0.1.0
description:
  - Runs C(confmig check) on a set of files that one service reads, and returns its findings.
  - The module changes nothing, and fails only if O(fail_on) says so or a file cannot be read.
author:
  - the authors of confmig (@confmig)
attributes:
  check_mode:
    support: full
    description: The module never changes anything.
  diff_mode:
    support: none
    description: The module never changes anything.
options:
  baseline:
    description:
      - A file on the host with findings that are known, as C(confmig check --format sarif) writes it.
    type: path
  fail_on:
    description:
      - The least severity of a finding with which the module fails.
    type: str
    choices: [never, error, warning, note]
    default: never
extends_documentation_fragment:
  - baremetal.confmig.target
seealso:
  - module: baremetal.confmig.confmig_migrate
'''

EXAMPLES = r'''
- name: Refuse to go on while Ironic 2026.2 would ignore a setting
  baremetal.confmig.confmig_check:
    files: [/etc/ironic/ironic.conf]
    to_release: "2026.2"
    fail_on: warning
'''

RETURN = r'''
findings:
  description: The findings, each with code, severity, message, file, line and help. No secret is in them.
  returned: always
  type: list
  elements: dict
messages:
  description: What confmig said beside its report.
  returned: success
  type: list
  elements: str
'''

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.confmig.plugins.module_utils.confmig import TARGET_ARGUMENTS, run, words_of

SEVERITIES = ['note', 'warning', 'error']


def main():
    module = AnsibleModule(
        argument_spec=dict(
            TARGET_ARGUMENTS,
            baseline=dict(type='path'),
            fail_on=dict(type='str', choices=['never', 'error', 'warning', 'note'], default='never'),
        ),
        supports_check_mode=True,
    )
    dummy, report, messages = run(module, 'check', words_of(module.params), module.params['files'])
    findings = report['diagnostics']
    least = module.params['fail_on']
    if least != 'never':
        failing = [found for found in findings if SEVERITIES.index(found['severity']) >= SEVERITIES.index(least)]
        if failing:
            first = failing[0]
            place = '%s:%s: ' % (first['file'], first['line']) if first.get('file') else ''
            module.fail_json(
                msg='%d findings of severity %s or more; the first: %s%s' % (len(failing), least, place, first['message']),
                findings=findings,
                messages=messages,
            )
    module.exit_json(changed=False, findings=findings, messages=messages)


if __name__ == '__main__':
    main()
