# SPDX-License-Identifier: Apache-2.0
"""Loops through edge ports: a cable between two hosts, a machine that bridges its two
links (S24); machines that only move are not taken for one."""
import concurrent.futures
import re
import time

import pytest

from agree import agree, explain, kinds, known, real
from frames import arp_request, has
from t1 import t1
from test_storm import pings
from weftlab import run, wait_for

TOPOLOGY = """version: 1
switches:
  kvm1: {dpid: 0x11, vtep: 10.99.0.1}
  kvm2: {dpid: 0x12, vtep: 10.99.0.2}
  kvm3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  red:
    subnet: 10.20.0.0/24
    ports: [kvm1:v1, kvm2:v2, kvm3:v3, "kvm*:patch*"]
  blue:
    subnet: 10.30.0.0/24
    ports: [kvm1:b1, kvm2:b2, {port: "kvm*:patch*", tag: 9}]
"""


RED = TOPOLOGY[:TOPOLOGY.index("  blue:")]


def cable(l, a, b, name="patch0", mbit=None):
    """A veth pair between the bridges of two hosts, both ends edge ports."""
    ns = [l.map["hosts"][h]["ns"] for h in (a, b)]
    ends = (f"{name}a", f"{name}b")
    run("ip", "link", "add", ends[0], "netns", ns[0], "type", "veth", "peer", "name", ends[1], "netns", ns[1])
    for n, end in zip(ns, ends):
        run("ip", "netns", "exec", n, "sysctl", "-qw", f"net.ipv6.conf.{end}.disable_ipv6=1")
        run("ip", "netns", "exec", n, "ethtool", "-K", end, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        if mbit:
            run("ip", "netns", "exec", n, "tc", "qdisc", "add", "dev", end, "root", "tbf", "rate", f"{mbit}mbit",
                "burst", "3000", "limit", "30000")
        run("ip", "-n", n, "link", "set", end, "up")
    for h, end in zip((a, b), ends):
        l.vsctl(h, "add-port", "br-int", end)
    return [f"{h}:{end}" for h, end in zip((a, b), ends)]


def quarantines(l, kind="quarantine"):
    return [e for e in l.weft("show", "events")["events"] if e["kind"] == kind and e["network"] != "blue"]


def problems(l):
    return [p["text"] for p in l.status()["problems"] if p["kind"] == "quarantine"]


def closed(l):
    return [f"{p['switch']}:{p['name']}" for p in l.weft("show", "ports", "state=quarantine")["ports"]
            if any(u["network"] in ("red", "v100") and u["quarantine_seconds"] is not None for u in p["networks"])]


def says_closed(l, vm, where):
    """explain says the same, with the time that is left, both ways."""
    answer = explain(l, vm, where, "ethernet", code=4)
    for direction in answer["directions"]:
        cause = direction["causes"][0]
        assert cause["kind"] == "quarantine" and f"port {where.split('/')[-1]} is closed in network" in cause["text"], direction
        assert re.search(r"for \d+ s more: ", cause["text"]) and cause["cure"], cause
        assert kinds(direction) == ["quarantine"], "told twice"
    return answer


def shout(l, vm):
    """One broadcast of a VM with a mark that can be counted."""
    mark = f"mark of {vm} {time.monotonic_ns()}".encode()
    mac = bytes.fromhex(l.vm(vm)["mac"].replace(":", ""))
    with l.wire(vm) as wire:
        wire.send(b"\xff" * 6 + mac + b"\x88\xb5" + mark.ljust(60, b"\0"))
    return mark


def copies(l, frm, to):
    with l.wire(to) as wire:
        mark = shout(l, frm)
        wire.wait(has(mark), 5)
        wire.wait(has(b"nothing"), 0.5)         # so long, others could come
        return wire.count(has(mark))


def test_a_patch_cable_between_two_hosts(lab):
    """Closed at one end within a second or two; the other network and all hosts go on; it opens
    by itself, is closed again for longer, and opens at once when the cable is pulled."""
    l = lab(TOPOLOGY)
    l.ping_all(["v1", "v2", "v3"])
    l.ping_all(["b1", "b2"])
    before = pings(l, "v1", "v3", 20)
    ends = cable(l, "kvm1", "kvm2")
    wait_for("both ends are there", lambda: all(any(f"{p['switch']}:{p['name']}" == e and p["networks"]
                                                    for p in l.weft("show", "ports")["ports"]) for e in ends))
    l.wait_rest()
    start = time.monotonic()
    shout(l, "v1")
    wait_for("one end is closed", lambda: closed(l), 20)
    took = time.monotonic() - start
    event = quarantines(l)[0]
    during = pings(l, "v1", "v3", 20)
    print(f"loop by patch cable: {event['where']} closed {took:.2f} s after the first broadcast: {event['reason']}; ping "
          f"{before[1]:.2f} ms before, {during[1]:.2f} ms and {during[0]:.0f} % lost after that")
    assert took < 5
    assert closed(l) and set(closed(l)) <= set(ends)
    assert event["network"] == "red" and event["where"] in ends and event["hold_seconds"] == 10
    assert any(event["where"] in text for text in problems(l))
    # One copy to everybody, and nobody is cut off, in both networks.
    l.wait_rest()
    says_closed(l, "v3", f"red/{event['where']}")
    assert copies(l, "v1", "v3") == 1 and copies(l, "v2", "v1") == 1
    l.ping_all(["v1", "v2", "v3"])
    l.ping_all(["b1", "b2"])
    # What still is a loop when its time is over stays closed, for twice as long.
    wait_for("it is closed again", lambda: [e for e in quarantines(l) if e["hold_seconds"] == 20], 20)
    assert not quarantines(l, "quarantine-over")
    assert copies(l, "v1", "v3") == 1
    # Pulled: no loop, nothing to wait for.
    red = quarantines(l)[-1]
    host, port = red["where"].split(":")
    run("ip", "-n", l.map["hosts"][host]["ns"], "link", "set", port, "down")
    wait_for("it opens at once", lambda: not closed(l), 5)
    l.ping_all(["v1", "v2", "v3"])


def test_a_quarantine_survives_weftd(lab):
    """Read back: closed for the rest of its time, and nothing is sent."""
    l = lab(RED)
    l.ping_all(["v1", "v2", "v3"])
    cable(l, "kvm1", "kvm2", mbit=1)
    l.wait_rest()
    wait_for("one end is closed", lambda: shout(l, "v1") and closed(l), 20, 0.3)
    where = closed(l)
    l.wait_rest()
    l.kill_weftd()
    assert copies(l, "v1", "v3") == 1
    l.start_weftd()
    l.wait_rest()
    assert closed(l) == where
    assert l.sent() == {"kvm1": 0, "kvm2": 0, "kvm3": 0}, [e["text"] for e in l.weft("show", "events")["events"]]
    event = quarantines(l)[0]
    assert event["recovered"] and event["where"] == where[0]
    host, port = where[0].split(":")
    seconds = l.port(host, port)["networks"][0]["quarantine_seconds"]
    assert 0 <= seconds < 10, seconds
    # By its name, or by the other reason: what the file says now.
    l.edit(RED.replace("networks:\n  red:\n", "networks:\n  red:\n    loop_guard: false\n"))
    assert not closed(l)


def test_machines_that_move_are_no_loop(lab):
    """A MAC that goes from port to port a few times, its old port still up."""
    l = lab(RED)
    l.ping_all(["v1", "v2", "v3"])
    mac = "02:00:00:00:99:01"
    with l.wire("v1") as one, l.wire("v2") as two:
        for wire, place in ((one, "kvm1:v1"), (two, "kvm2:v2"), (one, "kvm1:v1"), (two, "kvm2:v2"), (one, "kvm1:v1")):
            wire.send(arp_request(mac, "10.20.0.99", "10.20.0.99"))
            l.wait_host(mac, place)
            l.wait_rest()           # the row of the old place lets it by as long as it is there
        # Nobody was asked anything either.
        assert not one.count(has(b"weft loop")) and not two.count(has(b"weft loop"))
    assert not quarantines(l) and not closed(l)


def test_one_mac_at_two_machines(lab):
    """No probe comes back, and still: who came later is closed, who was first keeps working."""
    l = lab(RED)
    l.ping_all(["v1", "v2", "v3"])
    mac = l.vm("v1")["mac"]
    with l.wire("v1") as one, l.wire("v2") as two:
        start = time.monotonic()
        n = 0
        while not closed(l):
            for _ in range(40):
                n += 1
                (two if n % 2 else one).send(arp_request(mac, l.ip("v1"), l.ip("v3")))
                time.sleep(0.01)
            assert time.monotonic() - start < 20
        took = time.monotonic() - start
    print(f"one MAC at two ports: closed after {took:.1f} s")
    assert closed(l) == ["kvm2:v2"]
    assert mac in problems(l)[0]
    assert l.ping("v1", "v3", 3)
    l.wait_rest()
    says_closed(l, "v3", "kvm2:v2")
    # For as long as it lasts; the real one at v2 is not heard either, and hears nothing.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(lambda ask: real(l, *ask[0], v6=ask[1]),
                              [(way, v6) for way in (("v2", "v3"), ("v3", "v2")) for v6 in (False, True)]))
    assert set(heard) == {"silent"} or not closed(l), heard
    for v6 in (False, True):
        known(l, "v1", "v3")
        assert agree(l, "v1", "v3", v6=v6)["verdict"] == "reachable"


def test_s24_a_machine_bridges_its_two_links(lab):
    """Ports 3 and 4 of s1 go to one machine, which joins them by 1 Mbit/s."""
    l = lab(t1(hosts=2, extra="").replace("      - s1:h2\n", "      - s1:h2\n      - \"s1:patch*\"\n"))
    l.ping_all(["h1", "h2"])
    cable(l, "s1", "s1", mbit=1)
    l.wait_rest()
    start = time.monotonic()
    shout(l, "h1")
    shout(l, "h2")
    wait_for("a port is closed", lambda: closed(l), 10)
    print(f"S24: closed {time.monotonic() - start:.2f} s after the broadcast")
    assert time.monotonic() - start < 5
    where = closed(l)[0].split(":")[1]
    ofport = l.port("s1", where)["ofport"]
    dropped = l.packets("s1", f"table=0,in_port={ofport},vlan_tci=0")
    shout(l, "h1")
    wait_for("its counter rises", lambda: l.packets("s1", f"table=0,in_port={ofport},vlan_tci=0") > dropped, 3)
    # MACs that went in circles are home again, and what the cable still gives out of them leads
    # none of them away: h2 need not speak.
    start = time.monotonic()
    wait_for("the others go on", lambda: l.ping("h1", "h2", 1, 1), 3)
    print(f"S24: the others go on after {time.monotonic() - start:.2f} s")
    assert not [h for h in l.hosts() if h["where"].startswith("s1:patch")], l.hosts()
    assert l.ping("h1", "h2", 3)
    says_closed(l, "h2", f"s1:{where}")
    # The loop is cut.
    run("ip", "-n", l.map["hosts"]["s1"]["ns"], "link", "del", "patch0a")
    assert l.ping("h1", "h2", 3)
    wait_for("nothing is closed", lambda: not closed(l), 15)
    known(l, "h1", "h2")
    for v6 in (False, True):
        assert agree(l, "h1", "h2", v6=v6)["verdict"] == "reachable"


@pytest.mark.parametrize("guard", [True, False])
def test_silence_and_the_key(lab, guard):
    """S17 holds: nobody hears a probe who does not flap; with the guard off nothing is closed."""
    l = lab(RED.replace("  red:\n", "  red:\n    loop_guard: %s\n" % ("true" if guard else "false")))
    l.ping_all(["v1", "v2", "v3"])
    with l.wire("v3") as bystander:
        cable(l, "kvm1", "kvm2", mbit=1)
        l.wait_rest()
        bystander.forget()
        shout(l, "v1")
        if guard:
            wait_for("one end is closed", lambda: closed(l), 20)
        else:
            bystander.wait(lambda f: False, 4)
            assert not quarantines(l) and not closed(l)
        assert not bystander.count(has(b"weft loop"))


LAN = """version: 1
switches:
  kvm1: {dpid: 0x11, vtep: 10.99.0.1}
  kvm2: {dpid: 0x12, vtep: 10.99.0.2}
  kvm3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  red:
    subnet: 10.20.0.0/24
    physical: {ports: [kvm3:eno2, kvm2:eno2]}
    ports: [kvm1:v1, kvm2:v2, kvm3:v3, "kvm*:patch*"]
x-lab:
  machines:
    printer: {network: red}
"""


def test_a_vm_port_in_the_lan(lab):
    """An edge port is plugged into the LAN that the network meets elsewhere: that port is
    closed, never the one to the LAN."""
    l = lab(LAN)
    names = ["v1", "v2", "v3", "printer"]
    l.ping_all(names)
    lan, host = l.map["lan"], l.map["hosts"]["kvm1"]["ns"]
    run("ip", "link", "add", "patch0", "netns", host, "type", "veth", "peer", "name", "patch0", "netns", lan["ns"])
    for ns in (host, lan["ns"]):
        run("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.patch0.disable_ipv6=1")
        run("ip", "netns", "exec", ns, "ethtool", "-K", "patch0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        run("ip", "-n", ns, "link", "set", "patch0", "up")
    run("ip", "-n", lan["ns"], "link", "set", "patch0", "master", lan["bridge"])
    l.vsctl("kvm1", "add-port", "br-int", "patch0")
    l.wait_rest()
    start = time.monotonic()
    wait_for("the VM's port is closed", lambda: shout(l, "v1") and closed(l), 20, 0.5)
    print(f"loop through the LAN: closed after {time.monotonic() - start:.2f} s")
    assert closed(l) == ["kvm1:patch0"]
    l.wait_rest()
    l.ping_all(names)
    assert copies(l, "v1", "v3") == 1 and copies(l, "v2", "printer") == 1 and copies(l, "v3", "printer") == 1
    for vm, where in (("printer", "kvm3:eno2"), ("v1", "kvm1:v1")):
        l.wait_host(l.vm(vm)["mac"], where)
