"""The judge: what the services of one release of Ironic make of a configuration.

usage: ironic_conf.py WHEEL [--libraries]

The release's own `ironic.conf` is loaded from its wheel, with the oslo.config of this Python. With
--libraries, the options of the libraries that are installed are registered, too: what they say is true
only of a release that came with these versions.

judge.py tells what is asked and answered.
"""

import importlib.metadata
import os
import sys
import warnings

warnings.simplefilter('ignore')
sys.path.insert(0, sys.argv[1])

from oslo_config import cfg  # noqa: E402

import judge  # noqa: E402

LIBRARIES = ('oslo.', 'keystonemiddleware', 'osprofiler', 'cotyledon')
# What Ironic does not use of them.
UNUSED = ('oslo.config', 'oslo.middleware', 'oslo.middleware.sizelimit', 'oslo.middleware.tracing',
          'oslo.service.service', 'oslo.service.wsgi')


def register_libraries(conf):
    """The options that installed libraries tell the sample generator of."""
    for point in importlib.metadata.entry_points(group='oslo.config.opts'):
        if not point.name.startswith(LIBRARIES) or point.name in UNUSED:
            continue
        for group, opts in point.load()():
            if getattr(group, 'name', group) in (None, 'DEFAULT'):
                group = None
            for opt in opts:
                try:
                    conf.register_opt(opt, group)
                except cfg.DuplicateOptError:
                    # The release's own definition counts: it is registered first.
                    pass


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    from ironic.conf import CONF

    if '--libraries' in sys.argv[2:]:
        register_libraries(CONF)
    judge.serve(CONF, {})


if __name__ == '__main__':
    main()
