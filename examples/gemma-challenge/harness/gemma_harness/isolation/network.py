"""A network namespace that holds nothing but the loopback interface."""
from __future__ import annotations

import fcntl
import os
import socket
import struct

from . import kernel

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


def enter_empty_network() -> str:
    """Moves this process, and what it starts from now on, into a network without an outside.

    Returns how. Raises OSError where the kernel or the container does not allow it. There is no way back, so
    downloads come before. Must run while the process has one thread.
    """
    if not kernel.IS_LINUX:
        raise OSError("network namespaces exist only on Linux")
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        kernel.unshare(kernel.CLONE_NEWNET)
        how = "network namespace"
    else:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
        kernel.map_own_ids(uid, gid)
        how = "user and network namespace"
    _bring_up_loopback()
    return how


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
