#!/usr/bin/python
# -*- coding: utf-8 -*-
# Licensed under the Apache License, Version 2.0; see LICENSE.

from __future__ import annotations

DOCUMENTATION = r'''
module: confmig_undo
short_description: Restores configuration files that confmig replaced
version_added: 0.1.0
description:
  - Runs C(confmig undo), which restores each file from its newest backup, all files or none.
  - A file without a backup is left as it is, so that a second run changes nothing, unless the file
    was migrated more than once.
author:
  - the authors of confmig (@confmig)
attributes:
  check_mode:
    support: full
    description: Returns which files would be restored, and changes nothing.
  diff_mode:
    support: none
    description: The difference may have secrets.
options:
  files:
    description:
      - The files to restore.
    type: list
    elements: path
    required: true
  transaction:
    description:
      - Restore the files that were replaced by the same run, too.
    type: bool
    default: false
  force:
    description:
      - Restore files that were edited since; the edited text is kept beside each.
    type: bool
    default: false
  executable:
    description:
      - The program C(confmig), by its path or its name in C(PATH).
    type: str
    default: confmig
seealso:
  - module: baremetal.confmig.confmig_migrate
'''

EXAMPLES = r'''
- name: Restore the configuration from before the migration
  baremetal.confmig.confmig_undo:
    files: [/etc/ironic/ironic.conf]
    transaction: true
'''

RETURN = r'''
restored:
  description: The files that were restored, or would be in check mode, each with the backup that was used.
  returned: success
  type: list
  elements: dict
'''

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.baremetal.confmig.plugins.module_utils.confmig import run


def main():
    module = AnsibleModule(
        argument_spec=dict(
            files=dict(type='list', elements='path', required=True),
            transaction=dict(type='bool', default=False),
            force=dict(type='bool', default=False),
            executable=dict(type='str', default='confmig'),
        ),
        supports_check_mode=True,
    )
    dummy, listed, messages = run(module, 'undo', ['--list'], module.params['files'])
    newest = {}
    for backup in listed['backups']:
        known = newest.get(backup['path'])
        if known is None or backup['time'] > known['time']:
            newest[backup['path']] = backup
    if not newest:
        module.exit_json(changed=False, restored=[], messages=messages)
    if module.check_mode:
        restored = [dict(path=backup['path'], backup=backup['backup']) for backup in newest.values()]
        module.exit_json(changed=True, restored=restored, messages=messages)
    words = [option for option in ('transaction', 'force') if module.params[option]]
    dummy, report, messages = run(module, 'undo', ['--' + word for word in words], sorted(newest))
    module.exit_json(changed=bool(report['restored']), restored=report['restored'], messages=messages)


if __name__ == '__main__':
    main()
