"""Makes this process believe that it runs on another host.

Used by read_release.py, which finds so what depends on the host.
"""

import multiprocessing
import os
import socket
import sys


def become(host, program, processors, address, address6):
    """Answers with these when a module asks for the host's name, its addresses and the like."""
    sys.argv = [f"/usr/bin/{program}"]
    socket.gethostname = lambda: host
    socket.getfqdn = lambda name="": name or host
    os.cpu_count = multiprocessing.cpu_count = lambda: processors
    os.uname = lambda uname=os.uname(): os.uname_result([uname[0], host, *uname[2:]])

    # An address is often found by connecting a datagram socket, which sends nothing.
    connect = socket.socket.connect

    def connect_stream(self, to):
        if self.type != socket.SOCK_DGRAM:
            connect(self, to)

    def name_of(self):
        return (address6, 0, 0, 0) if self.family == socket.AF_INET6 else (address, 0)

    socket.socket.connect = connect_stream
    socket.socket.getsockname = name_of
    try:
        from oslo_utils import netutils
    except ImportError:
        return
    netutils.get_my_ipv4 = lambda: address
    netutils.get_my_ipv6 = lambda: address6
