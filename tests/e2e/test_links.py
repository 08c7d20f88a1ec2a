# SPDX-License-Identifier: Apache-2.0
"""Bridges joined by cables: rings, doubled links, tunnels beside them. Promise P5;
scenarios N5, S54, S57-S59 in our words."""
import json
import re
import signal
import time

import pytest

from frames import Wire, arp_request, has
from test_reload import Prober
from weftlab import paths_rest, run, wait_for


def topology(switches, cables, vteps="", empty="", extra=""):
    """Switches of one letter each; VM va on a, and so on; cables "ab bc ca"."""
    text = "version: 1\nswitches:\n"
    for i, name in enumerate(switches, 1):
        text += f"  {name}: {{dpid: {i}" + (f", vtep: 10.99.0.{i}" if name in vteps else "") + "}\n"
    ports = ", ".join(f"{s}:v{s}" for s in switches if s not in empty)
    text += f"networks:\n  red: {{subnet: 10.20.0.0/24, link_vlan: 70, ports: [{ports}]}}\nlinks:\n"
    for i, (a, b) in enumerate(cables.split()):
        text += f"  - {{between: [\"{a}:l{i}\", \"{b}:l{i}\"]}}\n"
    return text + extra


def links(l):
    return l.weft("show", "links")["links"]


def wait_caches(l):
    """Every switch has its rows, and nothing in Open vSwitch's cache is from before."""
    l.wait_rest()
    l.purge_caches()


def settled_links(l, n):
    wait_for(f"{n} links are up", lambda: sum(k["state"] == "up" for k in links(l)) == n)
    wait_caches(l)


def pull(l, i, state="down"):
    """Both ends of a veth pair lose the carrier when one is set down."""
    cable = l.map["links"][i]
    l.ns(cable["ns_a"], "ip", "link", "set", cable["port_a"], state)


class Storm:
    """Broadcasts from every VM; who hears which how often."""

    def __init__(self, l, vms):
        self.l, self.vms, self.n = l, vms, 0
        self.wires = {v: l.wire(v) for v in vms}

    def shout(self):
        """One from each, with a mark of its own. Returns the marks."""
        marks = {}
        for vm in self.vms:
            self.n += 1
            marks[vm] = b"storm" + self.n.to_bytes(4, "big")
            mac = bytes.fromhex(self.l.vm(vm)["mac"].replace(":", ""))
            self.wires[vm].send(b"\xff" * 6 + mac + b"\x88\xb5" + marks[vm].ljust(50, b"\0"))
        return marks

    def heard(self, marks):
        return {(a, b): self.wires[b].count(has(marks[a])) for a in self.vms for b in self.vms}

    def check(self, exactly):
        """Exactly once at every other one, or, while things change, at most once."""
        marks = self.shout()
        if exactly:
            for a in self.vms:
                for b in self.vms:
                    if a != b:
                        assert self.wires[b].wait(has(marks[a])), f"{b} does not hear {a}"
        return marks

    def close(self):
        for w in self.wires.values():
            w.close() if hasattr(w, "close") else w.__exit__(None, None, None)


SHAPES = {
    "ring-3": ("abc", "ab bc ca", ""),
    "ring-4": ("abcd", "ab bc cd da", ""),
    "mesh-5": ("abcde", "ab ab ac ad ae bc bd be cd ce de", "abcde"),
    "islands": ("abcdef", "ab bc ca de ef fd", "abef"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_storm(lab, shape):
    """Every cable is cut and restored in turn, under broadcast: nothing is heard twice."""
    switches, cables, vteps = SHAPES[shape]
    l = lab(topology(switches, cables, vteps))
    n = len(cables.split())
    settled_links(l, n)
    l.ping_all()
    vms = [f"v{s}" for s in switches]
    storm = Storm(l, vms)
    marks = storm.check(exactly=True)
    assert all(c == (a != b) for (a, b), c in storm.heard(marks).items()), storm.heard(marks)
    all_marks = []
    for i in range(n):
        for state in ("down", "up"):
            pull(l, i, state)
            want = n - (state == "down")
            deadline = time.monotonic() + 10
            while sum(k["state"] == "up" for k in links(l)) != want:
                all_marks.append(storm.check(exactly=False))
                assert time.monotonic() < deadline, links(l)
            all_marks.append(storm.check(exactly=False))
            wait_caches(l)
            all_marks.append(storm.check(exactly=True))
    worst = max(c for marks in all_marks for c in storm.heard(marks).values())
    print(f"{shape}: {len(all_marks) * len(vms)} broadcasts while {n} cables were cut and restored, "
          f"the most copies heard: {worst}")
    assert worst == 1
    l.ping_all()


def test_link_failover_in_ms(lab):
    """The cable in use is cut, and comes back: probes lost at 1 kHz."""
    l = lab(topology("abcd", "ab bc cd da"))
    settled_links(l, 4)
    l.ping_all()
    sent0 = l.sent()
    for state in ("down", "up"):
        prober = Prober(l, "va", "vb", "0.001")
        l.ping("va", "vb", 3)
        pull(l, 0, state)
        settled_links(l, 3 if state == "down" else 4)
        l.ping("va", "vb", 3)
        sent, received = prober.stop()
        print(f"link {state}: {sent - received} of {sent} probes lost at 1 kHz")
        assert sent - received < 1000
    sent1 = l.sent()
    print("flow-mods for both:", {k: sent1[k] - sent0[k] for k in sent1})


def punts(l):
    """Frames of which l2 told weftd; probes of links and claims of addresses may come at any time."""
    return {sw: sum(int(re.search(r"n_packets=(\d+)", f).group(1)) for f in l.flows(sw)
                    if "controller(" in f and re.search("table=(60|70),", f)) for sw in l.map["hosts"]}


def test_a_switch_in_the_middle_carries_nothing_of_its_own(lab):
    """S59: the end hosts talk through a bridge without hosts."""
    l = lab(topology("abc", "ab bc", empty="b"))
    settled_links(l, 2)
    l.ping_all()
    # Known hosts: no flood, no punt.
    before = punts(l)
    assert before["a"] > 0 < before["c"] and l.ping("va", "vc", 5)
    assert punts(l) == before
    # A frame on the cable has the network's tag.
    cable = l.map["links"][0]
    with Wire(cable["ns_b"], cable["port_b"]) as tap, l.wire("va") as va:
        tap.forget()
        va.send(arp_request(l.vm("va")["mac"], l.ip("va"), "10.20.0.250"))
        frame = tap.wait(has(bytes([10, 20, 0, 250])))
        assert frame[12:16] == b"\x81\x00\x00\x46", frame


def test_p1_with_links(lab):
    l = lab(topology("abcd", "ab bc cd da", "abcd"))
    settled_links(l, 4)
    l.ping_all()
    paths_rest(l)
    prober = Prober(l, "va", "vc", "0.002")
    l.kill_weftd(signal.SIGKILL)
    l.start_weftd()
    settled_links(l, 4)
    assert set(l.sent().values()) == {0}, l.sent()
    sent, received = prober.stop(100)
    assert sent == received
    print(f"restart with links: {sent} probes, {sent - received} lost")


def test_a_cable_in_the_wrong_hole(lab):
    """It is found, told, and not used; put right, it is used."""
    l = lab(topology("abc", "ab bc"))
    settled_links(l, 2)
    l.ping_all()
    ns = {s: l.map["hosts"][s]["ns"] for s in "abc"}
    # The far end of a:l0 goes to c, under another name; b:l0 is left alone.
    run("ip", "-n", ns["b"], "link", "set", "l0", "netns", ns["c"], "name", "stray")
    run("ip", "-n", ns["c"], "link", "set", "stray", "up")
    l.vsctl("c", "add-port", "br-int", "stray")
    wait_for("the cable is found", lambda: any(k["state"] in ("wrong", "down") for k in links(l)))
    problem = wait_for("a problem", lambda: next(
        (p for p in l.status()["problems"] if p["kind"] in ("link-wrong", "link-down")), None))
    assert "a:l0-b:l0" in problem["text"]
    assert not l.ping("va", "vb", 1, 1)
    assert l.ping("vb", "vc")


def test_a_link_is_no_edge_port(lab):
    l = lab(topology("ab", "ab").replace("ports: [a:va, b:vb]", 'ports: ["*:*"]') +
            'x-lab: {vms: {va: {port: "a:va"}, vb: {port: "b:vb"}}}\n')
    settled_links(l, 1)
    l.ping_all()
    assert l.port("a", "l0")["networks"] == []
    assert json.dumps(l.port("a", "l0")["state"]) == '"ok"'


MIXED = """version: 1
switches:
  a: {dpid: 1, vtep: 10.99.0.1}
  b: {dpid: 2, vtep: 10.99.0.2}
  c: {dpid: 3, vtep: 10.99.0.3}
  d: {dpid: 4}
networks:
  red:
    subnet: 10.20.0.0/24
    transport: vlan
    vlan: 20
    uplinks: ["a:up", "b:up"]
    ports: ["a:va", "b:vb", "c:vc", "d:vd"]
links:
  - {between: ["c:l0", "d:l0"]}
x-lab: {machines: {printer: {network: red}}}
"""


def test_trunks_tunnels_and_links_in_one_network(lab):
    """Two hosts carry the VLAN themselves, one is behind a tunnel, one behind a cable."""
    l = lab(MIXED)
    settled_links(l, 1)
    l.ping_all()
    storm = Storm(l, ["va", "vb", "vc", "vd"])
    marks = storm.check(exactly=True)
    assert all(c == (a != b) for (a, b), c in storm.heard(marks).items()), storm.heard(marks)
    with l.wire("printer") as printer:
        marks = storm.check(exactly=True)
        for vm, mark in marks.items():
            assert printer.wait(has(mark)), vm
            assert printer.count(has(mark)) == 1, vm
    l.wait_rest()
    paths_rest(l)
    l.kill_weftd(signal.SIGKILL)
    l.start_weftd()
    settled_links(l, 1)
    assert set(l.sent().values()) == {0}, l.sent()
    l.ping_all()
