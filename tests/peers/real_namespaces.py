"""Runs real_service.py with the options of a service as oslo-config-generator finds them.

usage: real_namespaces.py WHEEL NAMESPACE...

Registers all options that the release in the wheel and the installed libraries list under these
namespaces.

Also answers `{"ask": "schema", "format": FORMAT}` with {"schema": TEXT}: the output of
`oslo-config-generator --format FORMAT` for the namespaces.
"""

import io
import os
import sys
import warnings

warnings.simplefilter('ignore')
sys.path.insert(0, sys.argv[1])
NAMESPACES = sys.argv[2:]

from oslo_config import cfg, generator  # noqa: E402

import real_service  # noqa: E402


def schema(_, request):
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    words = [word for namespace in NAMESPACES for word in ('--namespace', namespace)]
    conf([*words, '--format', request['format']], project='real_service', default_config_files=[], default_config_dirs=[])
    written = io.StringIO()
    generator.generate(conf, output_file=written)
    return {'schema': written.getvalue()}


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    conf = cfg.ConfigOpts()
    for _, listed in generator._list_opts(NAMESPACES):
        # Two namespaces may define an option differently: as in the schema, the first counts.
        real_service.register(conf, listed)
    real_service.serve(conf, {'schema': schema})


if __name__ == '__main__':
    main()
