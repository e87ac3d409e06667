"""The judge: what one release of a service makes of a configuration.

usage: release_conf.py WHEEL SERVICE [NAMESPACE...]

The release's own `SERVICE.conf` is loaded from its wheel, with the oslo.config of this Python. The options that the
installed libraries list under the namespaces are registered, too: what they say is true only of a release that came
with these versions.

judge.py tells what is asked and answered.
"""

import importlib
import importlib.metadata
import os
import sys
import warnings

warnings.simplefilter('ignore')
sys.path.insert(0, sys.argv[1])

import judge  # noqa: E402


def register_libraries(conf, namespaces):
    """The options that installed libraries tell the sample generator of, and the one of pycadf, which it tells
    nobody of."""
    if namespaces:
        importlib.import_module('pycadf.identifier')
    for point in importlib.metadata.entry_points(group='oslo.config.opts'):
        if point.name not in namespaces:
            continue
        # The release's own definition of an option counts: it is registered first.
        judge.register(conf, point.load()())


def main():
    for name in [name for name in os.environ if name.startswith('OS_')]:
        del os.environ[name]
    module = importlib.import_module(f'{sys.argv[2]}.conf')
    # Where importing the module does not register the options.
    getattr(module, 'configure', lambda: None)()
    register_libraries(module.CONF, sys.argv[3:])
    judge.serve(module.CONF, {})


if __name__ == '__main__':
    main()
