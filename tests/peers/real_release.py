"""Runs real_service.py with the options of a release of a service.

usage: real_release.py WHEEL SERVICE [NAMESPACE...]

The release's own module `SERVICE.conf` is loaded from its wheel, with the oslo.config of this Python.
The options that the installed libraries list under the namespaces are registered, too: that is right
only for a release that uses these versions of the libraries.
"""

import importlib
import importlib.metadata
import os
import sys
import warnings

warnings.simplefilter('ignore')
sys.path.insert(0, sys.argv[1])

import real_service  # noqa: E402


def register_libraries(conf, namespaces):
    """Registers the options that installed libraries list, and the one of pycadf, which is not listed."""
    if namespaces:
        importlib.import_module('pycadf.identifier')
    for point in importlib.metadata.entry_points(group='oslo.config.opts'):
        if point.name not in namespaces:
            continue
        # Definitions of the release take precedence: they are registered first.
        real_service.register(conf, point.load()())


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    module = importlib.import_module(f'{sys.argv[2]}.conf')
    # Some releases do not register the options on import.
    getattr(module, 'configure', lambda: None)()
    register_libraries(module.CONF, sys.argv[3:])
    real_service.serve(module.CONF, {})


if __name__ == '__main__':
    main()
