# SPDX-License-Identifier: Apache-2.0
"""Connections that Open vSwitch knows though their first packet was denied, and those that it has no room for: what passes,
what does not, and who says so. docs/explanation/stateful.md."""
import itertools
import json
import re
import socket

import pytest

from frames import arp_request, has, udp
from test_acl import hosts_text
from weftlab import WEFT, run, wait_for

SAID = itertools.count(1)


def passes(l, wires, a, b, sport, dport, to=None):
    """Is a datagram heard, to b's MAC address or to another one? A broadcast that is sent behind it is."""
    data, mac, nobody = b"say-%05d" % next(SAID), l.vm(a)["mac"], l.ip(a).rsplit(".", 1)[0] + ".240"
    wires[b].forget()
    wires[a].send(udp(to or l.vm(b)["mac"], mac, data, l.ip(a), l.ip(b), sport, dport))
    wires[a].send(arp_request(mac, l.ip(a), nobody))
    assert wires[b].wait(has(socket.inet_aton(nobody)), 20)
    return bool(wires[b].count(has(data)))


class Jail:
    """One VM that nobody may speak to and that may speak to nobody, by lists of its port; h1 may speak to all. Ports are
    the same at both ends, so that a VM that begins looks like one that answers."""
    WHERE = {"h2": "k1:h2", "h3": "k2:h3"}

    def __init__(self, l, prisoner, options):
        self.l = l
        text = hosts_text(rest=f"acls:\n  free:\n    - {{allow: any}}\n  jail:\n    {options}\n    rules:\n"
                               f"      - {{deny: any}}\n", h1="{port: k1:h1, acl: free}")
        port = self.WHERE[prisoner]
        l.edit(text.replace(f"- {port}\n", f"- {{port: {port}, acl: jail, acl_out: jail}}\n"))
        self.wires = {vm: l.wire(vm) for vm in ("h1", prisoner)}

    def passes(self, a, b, port, to=None):
        return passes(self.l, self.wires, a, b, port, port, to)


@pytest.mark.parametrize("prisoner", ["h2", "h3"])
def test_what_a_flood_makes_known(lab, prisoner):
    """docs/explanation/stateful.md, what to know: a connection is one of addresses, and a flood begins it for all ports of
    the switch, also for one whose list denied its copy. Nothing is heard there for that. But it counts as an answer what
    that port says with the same addresses and ports, until the first direction is denied once more."""
    l = lab(hosts_text())
    l.ping_all()
    nobody = "02:00:00:00:00:77"
    for options, keeps in (("established: judge", False), ("established: keep", True)):
        jail = Jail(l, prisoner, options)
        port = 5000 + 100 * keeps
        assert not jail.passes("h1", prisoner, port) and not jail.passes(prisoner, "h1", port), "nothing was flooded"
        assert not jail.passes("h1", prisoner, port + 1, nobody)
        # Once more, and it is as new as before: nobody has answered.
        assert not jail.passes("h1", prisoner, port + 1, nobody) and not jail.passes("h1", prisoner, port + 1)
        assert jail.passes(prisoner, "h1", port + 1), "the page is out of date: this is not known any more"
        # Now it is established, and that is what `keep` goes by.
        assert jail.passes("h1", prisoner, port + 1) == keeps
        assert jail.passes(prisoner, "h1", port + 1) == keeps
    # A list that denies all needs no answers.
    jail = Jail(l, prisoner, "stateful: false")
    assert not jail.passes("h1", prisoner, 5200, nobody) and not jail.passes(prisoner, "h1", 5200)
    assert not jail.passes("h1", prisoner, 5101) and not jail.passes(prisoner, "h1", 5101), "nor known ones"


FULL = """version: 1
switches: {k1: {dpid: 0x11}}
networks:
  lan:
    subnet: 10.0.0.0/24
    acl: asks
    ports: [k1:h1, {port: k1:h2, acl_out: hides}]
  other:
    subnet: 10.1.0.0/24
    acl: others
    ports: [k1:g1, k1:g2]
acls:
  asks: [{allow: udp, from: "H1"}, {deny: any}]
  others: [{allow: udp, from: "G1"}, {deny: any, name: unasked}]
  hides: [{allow: udp, port: 53, snat: 10.0.0.250}, {allow: any}]
"""


def conntrack(l, command, *args):
    return l.appctl("k1", f"dpctl/ct-{command}", "netdev@ovs-netdev", *args)


def doctor(l):
    """What it says of connections."""
    done = run(WEFT, "lab", "exec", "--dir", l.dir, "k1", "--", WEFT, "--json", "doctor", "--host", "--file", l.file, check=False)
    return next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "connections")


def test_a_full_table(lab):
    l = lab(FULL.replace("H1", "10.0.0.1").replace("G1", "10.1.0.1"))
    l.edit(FULL.replace("H1", l.ip("h1")).replace("G1", l.ip("g1")))
    wires = {vm: l.wire(vm) for vm in l.map["vms"]}
    for vm, wire in wires.items():
        wire.send(arp_request(l.vm(vm)["mac"], l.ip(vm), l.ip(vm)))
        l.wait_host(l.vm(vm)["mac"])
    l.wait_rest()

    def fill(room):
        """Each is one more connection, as long as there is room; with and without it is heard."""
        for i in range(room + 5):
            assert passes(l, wires, "h1", "h2", 4000 + i, 99)

    def talk(port):
        """Is it heard that g1 asks, and g2's answer?"""
        return passes(l, wires, "g1", "g2", port, port + 1), passes(l, wires, "g2", "g1", port + 1, port)

    assert talk(3000) == (True, True)
    conntrack(l, "set-maxconns", "20")
    fill(20)
    assert int(conntrack(l, "get-nconns")) == 20
    assert talk(3000) == (True, True), "what is known goes on"
    denied = l.packets("k1", "table=110")
    assert talk(3100) == (True, False), "what is new is judged by the rules, both ways"
    wait_for("which is counted", lambda: l.packets("k1", "table=110") > denied)
    wait_for("at the rule", lambda: next(r for r in l.weft("show", "acls")["acls"] if r["rule"] == "unasked")["packets"], 40)
    # A source that cannot be remembered is not given.
    assert not passes(l, wires, "h1", "h2", 5000, 53)
    wait_for("counted too", lambda: l.packets("k1", "table=92") == 1)
    said = doctor(l)
    assert said["state"] == "wrong" and "20 of 20" in said["text"], said
    assert l.status()["verdict"] == "ok", "weftd cannot know"

    # A limit of its own for a network: it harms itself.
    conntrack(l, "set-maxconns", "1000")
    l.appctl("k1", "dpctl/flush-conntrack")
    assert passes(l, wires, "h1", "h2", 4000, 99)
    zone = re.search(r"zone=(\d+)", l.appctl("k1", "dpctl/dump-conntrack"))[1]
    conntrack(l, "set-limits", f"zone={zone},limit=10")
    fill(10)
    assert f"zone={zone},limit=10,count=10" in conntrack(l, "get-limits")
    assert talk(3200) == (True, True), "others have room"
    assert not passes(l, wires, "h1", "h2", 5001, 53)
    said = doctor(l)
    assert said["state"] == "wrong" and f"network lan (zone {zone}) has 10 connections of 10" in said["text"], said
