# SPDX-License-Identifier: Apache-2.0
"""Source NAT by rules, on real switches: clients on two hosts, servers on both, IPv4 and IPv6."""
import signal
import socket
import subprocess
import sys
import time

import pytest

from agree import address, agree, explain, kinds, known
from frames import arp_request, has, udp
from test_migration import migrate
from test_physical import OFFICE, gateway
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
    - {allow: udp, from: clients, to: servers, snat: [10.0.0.250, "fd00::250"]}
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


def rows(l, host, *words):
    return [f for f in l.flows(host) if all(w in f for w in words)]


def test_what_comes_back_besides_replies(lab):
    """Errors of the server about what the client sent; and packets in fragments, both ways."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    with l.wire("web") as wire:
        for client in ("h1", "h3"):
            # Nobody listens: the server's kernel says so to the source it sees, and the client hears of it.
            assert refused(l, client, "web", False) == refused(l, client, "web", True) == "refused"
            l.exec(client, "ping", "-n", "-c", "2", "-s", "3000", "-W", "5", l.ip("web"))
        assert wire.wait(hidden)
        assert not wire.count(shows(l, "web", "h1")) and not wire.count(shows(l, "web", "h3"))


def refused(l, client, server, v6):
    """UDP to a port where nobody listens."""
    text = f"""
import socket
s = socket.socket(socket.{"AF_INET6" if v6 else "AF_INET"}, socket.SOCK_DGRAM)
s.connect(("{address(l, server, v6)}", 5999))
s.settimeout(5)
s.send(b"x")
try:
    s.recv(10)
except ConnectionRefusedError:
    print("refused")
except OSError:
    print("silent")
"""
    return l.exec(client, sys.executable, "-c", text).stdout.strip()


def test_a_restart_and_edits(lab):
    """A connection outlives weftd, and every edit that allows it; it keeps the source it began with."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    serve(l, *SERVERS)
    talks = [Talk(l, "h1", "web"), Talk(l, "h3", "web", v6=True), Talk(l, "h1", "db"), Talk(l, "h3", "db")]
    seen = [talk.seen_as() for talk in talks]
    assert [s.split()[0] for s in seen] == [SEEN4, SEEN6, SEEN4, SEEN4]
    l.wait_rest()
    l.kill_weftd(signal.SIGKILL)
    assert [talk.seen_as() for talk in talks] == seen
    l.start_weftd()
    l.wait_rest()
    assert set(l.sent().values()) == {0}
    assert [talk.seen_as() for talk in talks] == seen
    # A rule more, and then no `snat` for TCP: those that are there stay who they are.
    l.edit(TEXT.replace("  hide:\n", "  hide:\n    - {deny: tcp, port: 99}\n"))
    assert [talk.seen_as() for talk in talks] == seen
    plain = TEXT.replace("to: servers, snat: [10.0.0.250, \"fd00::250\"], name: hidden", "to: servers, name: hidden")
    assert plain != TEXT
    l.edit(plain)
    assert [talk.seen_as() for talk in talks] == seen
    assert Talk(l, "h1", "db", v6=True).seen_as().split()[0] == address(l, "h1", True)
    # Back again: the one that began without keeps its own source.
    one = Talk(l, "h3", "web")
    assert one.seen_as().split() == [address(l, "h3"), "40000"]
    l.edit(TEXT)
    assert one.seen_as().split() == [address(l, "h3"), "40000"]
    assert [talk.seen_as() for talk in talks] == seen


def test_an_edit_ends_what_it_denies(lab):
    """And what has a source that the file does not have any more. Nothing shows the client."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    serve(l, *SERVERS)
    cut, moved = Talk(l, "h1", "web", wait=2), Talk(l, "h3", "db", wait=2)
    assert cut.seen_as().split()[0] == moved.seen_as().split()[0] == SEEN4
    l.edit(TEXT.replace("  hide:\n", "  hide:\n    - {deny: tcp, from: 10.0.0.1}\n"))
    assert cut.seen_as() == "silent"
    assert moved.seen_as().split()[0] == SEEN4
    l.edit(TEXT)
    assert wait_for("it goes on", lambda: cut.seen_as().startswith(SEEN4) or None, 30)
    with l.wire("db") as wire:
        l.edit(TEXT.replace("10.0.0.250", "10.0.0.251"))
        assert moved.seen_as() == "silent"
        assert Talk(l, "h1", "db").seen_as().split()[0] == "10.0.0.251"
        assert not wire.count(shows(l, "db", "h3")) and not wire.count(shows(l, "db", "h1"))
    assert any("n_packets=0," not in f for f in rows(l, "k2", "table=90", "priority=250"))


def test_a_source_outside_of_the_subnet(lab):
    """The server has a route to it, without a gateway."""
    l = lab(TEXT.replace("10.0.0.250", "192.0.2.250"))
    known(l, "h1", "h3", "web", "db")
    serve(l, "web")
    l.exec("web", "ip", "route", "add", "192.0.2.250", "dev", "eth0")
    for client in ("h1", "h3"):
        assert Talk(l, client, "web").seen_as().split()[0] == "192.0.2.250"
        agree(l, client, "web", "tcp/5009")


def test_no_port_is_free(lab):
    """More connections to one port of a server than the source has ports: the rest is dropped, and
    shows nobody. A switch that tells of each lost packet is not what this is about."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    l.exec("web", "ip", "route", "add", "blackhole", "10.0.0.250/32")

    def flood(client, n):
        with l.wire(client) as out:
            for port in range(1024, 1024 + n):
                out.send(udp(l.vm("web")["mac"], l.vm(client)["mac"], b"x", address(l, client), address(l, "web"), port, 5999))
                if port % 100 == 0:
                    time.sleep(0.003)   # the switch's own queues are not what is tested

    with l.wire("web") as wire:
        flood("h1", 64512)
        flood("h3", 2000)
        assert wire.wait(hidden)
        wait_for("some are dropped", lambda: any(f for f in rows(l, "k1", "table=92", "priority=0") if "n_packets=0," not in f), 20)
        assert not wire.count(shows(l, "web", "h1")) and not wire.count(shows(l, "web", "h3"))


def test_nobody_else_has_the_source(lab):
    """A host that claims it is told of and not heard; what is sent to it and is no reply ends."""
    l = lab(TEXT)
    known(l, "h1", "h3", "web", "db")
    with l.wire("h1") as h1, l.wire("db") as db:
        claim = arp_request(l.vm("h1")["mac"], SEEN4, SEEN4)
        h1.send(claim)
        wait_for("it is told of", lambda: [e for e in l.weft("show", "events")["events"] if "which no host has" in e["text"]])
        assert not db.count(has(claim[12:]))
        h1.send(arp_request(l.vm("h1")["mac"], address(l, "h1"), SEEN4))
        answer = h1.wait(has(b"\x00\x02" + SNAT_MAC + socket.inet_aton(SEEN4)))
        assert answer and answer[6:12] == SNAT_MAC
    assert l.exec("web", "ping", "-n", "-c", "1", "-W", "1", SEEN4, check=False).returncode == 1
    said = explain(l, address(l, "web"), SEEN4)["directions"][0]
    assert kinds(said) == ["unknown-host"] and "(`snat`)" in said["causes"][0]["text"], said
    serve(l, "web")
    # The server sees to it that its neighbour is alive: by unicast, to the MAC address of `snat`.
    talk = Talk(l, "h1", "web")
    assert talk.seen_as().startswith(SEEN4)
    neighbour = l.exec("web", "ip", "neigh", "show", SEEN4).stdout
    assert SNAT_MAC.hex(":") in neighbour, neighbour
    with l.wire("web") as web:
        frame = arp_request(l.vm("web")["mac"], address(l, "web"), SEEN4)
        web.send(SNAT_MAC + frame[6:])
        assert web.wait(has(b"\x00\x02" + SNAT_MAC + socket.inet_aton(SEEN4)))


def test_a_server_on_the_lan(lab):
    """A machine behind the network's gateway to the LAN sees one source, whose MAC address its switch learns there."""
    text = OFFICE.replace("    ports: [k1:a1, k2:a2, k3:a3]\n", "    ports: [k1:a1, k2:a2, k3:a3]\n    acl_out: hide\n") + """acls:
  hide:
    - {allow: tcp, from: clients, snat: 10.20.0.250}
    - {allow: any}
groups: {clients: [CLIENTS]}
"""
    l = lab(text.replace("CLIENTS", "10.20.0.251"))
    l.edit(text.replace("CLIENTS", f"{l.ip('a1')}, {l.ip('a3')}"))
    l.ping_all(["a1", "a2", "a3", "printer"])
    assert gateway(l) == "k3:eno2"
    serve(l, "printer")
    talks = [Talk(l, client, "printer") for client in ("a1", "a3")]
    found = [talk.seen_as().split() for talk in talks]
    assert [f[0] for f in found] == ["10.20.0.250"] * 2 and found[0][1] != found[1][1], found
    assert Talk(l, "a2", "printer").seen_as().split()[0] == l.ip("a2")
    l.kill_weftd(signal.SIGKILL)
    assert [talk.seen_as().split() for talk in talks] == found
    l.start_weftd()
    l.wait_rest()
    assert set(l.sent().values()) == {0}
    agree(l, "a1", "printer", "tcp/5009")


MOVES = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  lan:
    subnet: 10.0.0.0/24
    ports: [k3:a3, "k*:guest*"]
    acl_out: hide
acls:
  hide:
    - {allow: tcp, snat: 10.0.0.250}
    - {allow: any}
x-lab:
  vms:
    guest: {port: "k1:guest0"}
"""


@pytest.mark.parametrize("client, server", [("guest", "a3"), ("a3", "guest")])
def test_an_end_moves_to_another_host(lab, client, server):
    """The client with its connections; and the server, when the port is free where it comes to."""
    l = lab(MOVES)
    l.ping_all()
    serve(l, server)
    talk = Talk(l, client, server)
    seen = talk.seen_as()
    assert seen == f"{SEEN4} 40000"
    for old, new in (("k1", "k2"), ("k2", "k1")):
        migrate(l, "guest0", old, new)
        l.wait_host(l.vm("guest")["mac"], f"{new}:guest0")
        assert talk.seen_as() == seen
