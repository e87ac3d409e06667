#!/usr/bin/python
# -*- coding: utf-8 -*-
# Licensed under the Apache License, Version 2.0; see LICENSE.

from __future__ import annotations

DOCUMENTATION = r'''
module: confmig_migrate
short_description: Moves options in configuration files to their new names
version_added: 0.1.0
description:
  - Runs C(confmig migrate) on a set of files that one service reads, and replaces all of them or none.
  - The value of every option is proved to stay the same. What cannot be proved is left as it is and
    returned in RV(decisions).
  - Each file that is replaced has a backup beside it; M(baremetal.confmig.confmig_undo) restores it.
author:
  - the authors of confmig (@confmig)
attributes:
  check_mode:
    support: full
    description: Returns what would change, and changes nothing.
  diff_mode:
    support: full
    description: Passwords, keys and tokens are masked.
options:
  accept:
    description:
      - Changes to make although they need a decision, by the new name of the option
        (V(deploy.http_server_url)) or by the rule's id (V(ilo-group)).
    type: list
    elements: str
    default: []
  decisions:
    description:
      - A file on the host with decisions that were made before, as C(confmig migrate --decisions)
        writes it. It is only read.
    type: path
  keep_old:
    description:
      - Add the new names and keep the old ones, for files that an older release reads, too.
    type: bool
    default: false
  pin_defaults:
    description:
      - Sets options that are not set to the defaults of O(from_release) or O(from_schema), where the
        new release has other ones. Patterns of option names such as V(conductor.*); V(*) for all.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - baremetal.confmig.target
notes:
  - Without O(to_release), O(schema) and O(rules), the names are those of the rule pack
    V(standalone-ilo). No release of Ironic reads these; set O(to_release) for upstream Ironic.
seealso:
  - module: baremetal.confmig.confmig_check
  - module: baremetal.confmig.confmig_undo
'''

EXAMPLES = r'''
- name: Move the options of Ironic to the names of 2026.2
  baremetal.confmig.confmig_migrate:
    files: [/etc/ironic/ironic.conf]
    from_release: train
    to_release: "2026.2"
  register: migration

- name: Show what is left to decide
  ansible.builtin.debug:
    var: migration.decisions
  when: migration.decisions
'''

RETURN = r'''
files:
  description: For each file, whether it changed, its backup, and its changes by line.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /etc/ironic/ironic.conf
      changed: true
      backup: /etc/ironic/ironic.conf.confmig-20261129T061917Z-60bb9d1e6ce3
      changes:
        - rule: pxe-http-url
          kind: move
          line: 2
          from: pxe.http_url
          to: deploy.http_server_url
          message: moved from [pxe] http_url to [deploy] http_server_url
decisions:
  description: The changes that were left to the operator, each with its reason and place. No secret is in them.
  returned: success
  type: list
  elements: dict
findings:
  description: What else the report says, such as the defaults that were not pinned.
  returned: success
  type: list
  elements: dict
messages:
  description: What confmig said beside its report.
  returned: success
  type: list
  elements: str
'''

import shutil

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.confmig.plugins.module_utils.confmig import TARGET_ARGUMENTS, run, words_of


def prepared(files):
    """Returns the masked diffs as Ansible prints them."""
    diffs = [entry.get('diff') for entry in files]
    return [dict(prepared=diff) for diff in diffs if diff]


def main():
    module = AnsibleModule(
        argument_spec=dict(
            TARGET_ARGUMENTS,
            accept=dict(type='list', elements='str', default=[]),
            decisions=dict(type='path'),
            keep_old=dict(type='bool', default=False),
            pin_defaults=dict(type='list', elements='str', default=[]),
        ),
        supports_check_mode=True,
    )
    if module.params['decisions']:
        # confmig adds new decisions to the file that it is given.
        module.params['decisions'] = shutil.copy(module.params['decisions'], module.tmpdir)
    words = words_of(module.params)
    if module.params['keep_old']:
        words.append('--keep-old')
    if module.params['pin_defaults']:
        words.append('--pin-defaults=' + ','.join(module.params['pin_defaults']))
    if not module.check_mode:
        words.append('--write')
    dummy, report, messages = run(module, 'migrate', words, module.params['files'])
    decisions, findings = [], []
    for diagnostic in report['diagnostics']:
        is_decision = diagnostic['code'] == 'needs-decision'
        (decisions if is_decision else findings).append(diagnostic)
    result = dict(
        changed=any(entry['changed'] for entry in report['files']),
        files=[dict((key, entry[key]) for key in entry if key != 'diff') for entry in report['files']],
        decisions=decisions,
        findings=findings,
        messages=messages,
    )
    # Ansible prints no diff unless there is one.
    diffs = prepared(report['files'])
    if diffs:
        result['diff'] = diffs
    module.exit_json(**result)


if __name__ == '__main__':
    main()
