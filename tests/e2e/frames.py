# SPDX-License-Identifier: Apache-2.0
"""Raw Ethernet in a network namespace: send any frame, see every frame."""
import ctypes
import os
import select
import socket
import struct
import threading
import time

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_AUXDATA = 263, 8


def mac_bytes(text):
    return bytes(int(x, 16) for x in text.split(":"))


def mac_text(raw):
    return ":".join(f"{b:02x}" for b in raw)


def in_namespace(ns, function):
    """Runs function in a thread that has moved to the namespace; sockets made
    there stay there."""
    result = []

    def run():
        fd = os.open(f"/run/netns/{ns}", os.O_RDONLY)
        try:
            if _libc.setns(fd, CLONE_NEWNET):
                result.append((None, OSError(ctypes.get_errno(), f"setns {ns}")))
                return
            result.append((function(), None))
        except Exception as error:  # handed to the caller below
            result.append((None, error))
        finally:
            os.close(fd)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    value, error = result[0]
    if error:
        raise error
    return value


def vlan(vid, pcp=0):
    return struct.pack("!HH", 0x8100, pcp << 13 | vid)


def ethernet(dst, src, payload, ethertype=0x0800, tags=b"", pad=True):
    frame = mac_bytes(dst) + mac_bytes(src) + tags + struct.pack("!H", ethertype) + payload
    return frame.ljust(60, b"\0") if pad else frame


BROADCAST = "ff:ff:ff:ff:ff:ff"


def arp_request(src, sender_ip, target_ip, tags=b""):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac_bytes(src) + \
        socket.inet_aton(sender_ip) + bytes(6) + socket.inet_aton(target_ip)
    return ethernet(BROADCAST, src, body, 0x0806, tags)


def udp(dst, src, data, src_ip="10.9.9.1", dst_ip="10.9.9.2", sport=1000, dport=2000, tags=b"", more=False):
    """A UDP frame whose payload can be recognised in a capture; more: the first fragment of several."""
    length = 8 + len(data)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0x2000 if more else 0, 64, 17, 0,
                       socket.inet_aton(src_ip), socket.inet_aton(dst_ip))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:]
    return ethernet(dst, src, head + struct.pack("!HHHH", sport, dport, length, 0) + data, tags=tags)


class Wire:
    """One end of a cable: an interface of a namespace."""

    def __init__(self, ns, device="eth0"):
        self.ns, self.device = ns, device
        self.sock = in_namespace(ns, self._open)
        self.frames = []

    def _open(self):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sock.bind((self.device, 0))
        sock.setblocking(False)
        return sock

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, frame):
        self.sock.send(frame)

    def read(self):
        """All frames that have come in and were not read yet, tags put back
        where the kernel took them out. Own frames are left out."""
        while True:
            try:
                data, aux, _, address = self.sock.recvmsg(65536, 256)
            except BlockingIOError:
                return self.frames
            if address[2] == PACKET_OUTGOING:
                continue
            for level, kind, value in aux:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
                    if status & 0x10:       # TP_STATUS_VLAN_VALID
                        tpid = tpid if status & 0x40 else 0x8100
                        data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
            self.frames.append(data)

    def forget(self):
        self.read()
        self.frames = []

    def wait(self, wanted, seconds=5.0):
        """The first frame for which wanted() holds, or None after the deadline."""
        end = time.monotonic() + seconds
        seen = 0
        while True:
            frames = self.read()
            for frame in frames[seen:]:
                if wanted(frame):
                    return frame
            seen = len(frames)
            left = end - time.monotonic()
            if left <= 0:
                return None
            select.select([self.sock], [], [], left)

    def count(self, wanted):
        return sum(1 for frame in self.read() if wanted(frame))


def has(data):
    return lambda frame: data in frame
