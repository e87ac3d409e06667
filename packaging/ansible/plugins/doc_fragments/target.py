# -*- coding: utf-8 -*-
# Licensed under the Apache License, Version 2.0; see LICENSE.

from __future__ import annotations


class ModuleDocFragment(object):
    """What selects the files and the names that they get."""

    DOCUMENTATION = r'''
options:
  files:
    description:
      - The configuration files of one service, in the order in which it reads them.
    type: list
    elements: path
    required: true
  from_release:
    description:
      - The release that the files were written for, as a series (V(train), V(2026.1)), code name or
        version.
    type: str
  to_release:
    description:
      - The release that will read the files.
    type: str
  service:
    description:
      - The service that the releases are of. By default it is found out from the files.
    type: str
  schema:
    description:
      - A file on the host with the options of any oslo.config service, as C(oslo-config-generator)
        writes it in JSON or YAML.
    type: path
  from_schema:
    description:
      - The same for the release that the files were written for.
    type: path
  rules:
    description:
      - Rule packs, or rule files on the host.
    type: list
    elements: str
    default: []
  policy:
    description:
      - A policy file on the host. By default it is C(confmig.toml) beside the files, if that is there.
    type: path
  executable:
    description:
      - The program C(confmig), by its path or its name in C(PATH).
    type: str
    default: confmig
'''
