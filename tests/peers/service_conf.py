"""The judge of any service: its options as oslo-config-generator sees them.

usage: service_conf.py WHEEL NAMESPACE...

The options that the release, in its wheel, and the installed libraries list
under these namespaces are registered, all of them.

Besides what judge.py tells, `{"ask": "schema", "format": FORMAT}` gives {"schema": TEXT}: what
`oslo-config-generator --format FORMAT` writes for the namespaces.
"""

import io
import os
import sys
import warnings

warnings.simplefilter('ignore')
sys.path.insert(0, sys.argv[1])
NAMESPACES = sys.argv[2:]

from oslo_config import cfg, generator  # noqa: E402

import judge  # noqa: E402


def schema(_, request):
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    words = [word for namespace in NAMESPACES for word in ('--namespace', namespace)]
    conf([*words, '--format', request['format']], project='judge', default_config_files=[], default_config_dirs=[])
    written = io.StringIO()
    generator.generate(conf, output_file=written)
    return {'schema': written.getvalue()}


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    conf = cfg.ConfigOpts()
    for _, listed in generator._list_opts(NAMESPACES):
        # Two namespaces may list an option, not quite the same: the first counts, as in the schema.
        judge.register(conf, listed)
    judge.serve(conf, {'schema': schema})


if __name__ == '__main__':
    main()
