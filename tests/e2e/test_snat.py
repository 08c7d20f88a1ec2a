# SPDX-License-Identifier: Apache-2.0
"""Source NAT by rules, on real switches: clients on two hosts, servers on both, IPv4 and IPv6."""
import signal
import socket
import subprocess
import sys

import pytest

from agree import address, agree, explain, known
from weftlab import wait_for

SNAT_MAC = bytes.fromhex("027765667402")
SEEN4, SEEN6 = "10.0.0.250", "fd00::250"

# Clients h1 on k1 and h3 on k2, a server on each.
TEXT = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  lan:
    vni: 100
    subnet: 10.0.0.0/24
    ports: [k1:h1, k2:h3, k1:web, k2:db]
    acl_out: hide
groups:
  clients: [10.0.0.1, 10.0.0.3, "fd00::1", "fd00::3"]
  servers: [10.0.0.10, 10.0.0.20, "fd00::10", "fd00::20"]
acls:
  hide:
    - {allow: tcp, from: clients, to: servers, snat: [10.0.0.250, "fd00::250"], name: hidden}
    - {allow: icmp, from: clients, to: servers, snat: 10.0.0.250}
    - {allow: icmp6, from: clients, to: servers, snat: "fd00::250"}
    - {allow: any}
x-lab:
  vms:
    h1: {port: "k1:h1", ip: 10.0.0.1, ip6: "fd00::1/64"}
    h3: {port: "k2:h3", ip: 10.0.0.3, ip6: "fd00::3/64"}
    web: {port: "k1:web", ip: 10.0.0.10, ip6: "fd00::10/64"}
    db: {port: "k2:db", ip: 10.0.0.20, ip6: "fd00::20/64"}
"""
SERVERS = ("web", "db")

# Says to each line who it came from; all connections at once.
SERVER = """
import socket, threading
def serve(c, where):
    with c:
        while c.recv(100):
            c.sendall(f"{where[0]} {where[1]}\\n".encode())
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 5001))
s.listen(16)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=s.accept(), daemon=True).start()
"""

# A connection from port 40000; for each line that it is given, what the server said.
TALKER = """
import socket, sys
s = socket.socket(socket.FAMILY)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 40000))
s.settimeout(WAIT)
s.connect(("ADDRESS", 5001))
for line in sys.stdin:
    try:
        s.sendall(b"who am I\\n")
        print(s.recv(100).decode().strip().removeprefix("::ffff:") or "closed", flush=True)
    except OSError as e:
        print("refused" if isinstance(e, ConnectionResetError) else "silent", flush=True)
"""


def spawn(l, vm, text):
    child = subprocess.Popen(["ip", "netns", "exec", l.vm(vm)["ns"], sys.executable, "-c", text],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    l.children.append(child)
    return child


def serve(l, *vms):
    for vm in vms:
        assert spawn(l, vm, SERVER).stdout.readline() == "ready\n"


class Talk:
    """A connection from port 40000 of a client that stays open."""

    def __init__(self, l, client, server, v6=False, wait=10):
        text = TALKER.replace("ADDRESS", address(l, server, v6)).replace("WAIT", str(wait))
        self.child = spawn(l, client, text.replace("FAMILY", "AF_INET6" if v6 else "AF_INET"))

    def seen_as(self):
        """Address and port that the server sees, or what went wrong."""
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()


def sources(wire):
    """Who sends what comes in by IP, without multicast: (MAC, address)."""
    wire.count(lambda f: False)
    return wire


def shows(l, server, client):
    """Does a frame of that client's own address, or with its MAC address, come to the server?"""
    ip4 = socket.inet_aton(address(l, client))
    ip6 = socket.inet_pton(socket.AF_INET6, address(l, client, True))
    mac = bytes.fromhex(l.vm(client)["mac"].replace(":", ""))
    own = bytes.fromhex(l.vm(server)["mac"].replace(":", ""))

    def test(f):
        if f[:6] != own or f[12:14] not in (b"\x08\x00", b"\x86\xdd") or (f[12:14] == b"\x86\xdd" and f[20] == 58 and f[54] >= 133):
            return False
        return f[6:12] == mac or ip4 == f[26:30] or ip6 == f[22:38]
    return test


def hidden(f):
    return f[6:12] == SNAT_MAC and (f[26:30] == socket.inet_aton(SEEN4)
                                    or f[22:38] == socket.inet_pton(socket.AF_INET6, SEEN6))


@pytest.mark.parametrize("v6", [False, True])
def test_two_clients_on_two_switches_are_one_source(lab, v6):
    """With the same port of their own, at once, at a server beside them and at one on the other switch."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    serve(l, *SERVERS)
    seen = SEEN6 if v6 else SEEN4
    for server in SERVERS:
        with l.wire(server) as wire:
            talks = [Talk(l, client, server, v6) for client in ("h1", "h3")]
            found = [talk.seen_as().split() for talk in talks]
            assert [f[0] for f in found] == [seen, seen] and found[0][1] != found[1][1], found
            assert "40000" in (found[0][1], found[1][1])
            for client in ("h1", "h3"):
                assert l.ping(client, server, v6=v6)
                assert not wire.count(shows(l, server, client))
            assert wire.wait(hidden)
        for talk in talks:
            talk.child.kill()


def steps(direction, leg):
    return [s["text"] for s in next(x for x in direction["legs"] if x["name"] == leg)["steps"] if s["shown"]]


@pytest.mark.parametrize("v6", [False, True])
def test_explain_agrees(lab, v6):
    """Both ways round, with what packets do and with Open vSwitch's own trace."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    for client, server in (("h1", "web"), ("h1", "db"), ("h3", "web")):
        for proto in ("tcp/5009", "icmp"):
            there = agree(l, client, server, proto, v6=v6)["directions"][0]
            assert f"source becomes {SEEN6 if v6 else SEEN4}" in steps(there, "request"), there
            assert f"destination becomes {address(l, client, v6)} again" in steps(there, "reply"), there
    # Among servers nothing is translated.
    assert not any("becomes" in text for text in steps(agree(l, "db", "web", "tcp/5009", v6=v6)["directions"][0], "request"))
