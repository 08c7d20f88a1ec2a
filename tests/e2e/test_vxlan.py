# SPDX-License-Identifier: Apache-2.0
"""Networks by VXLAN between hosts: every pair, nothing across, nothing twice."""
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from frames import Wire, arp_request, has, udp
from test_lan import moves_between_hosts
from test_reload import Prober
from weftlab import wait_for

VXLAN3 = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  office: {vni: 10020, subnet: 10.20.0.0/24, ports: ["k1:a1", "k1:b1", "k2:a2", "k2:b2", "k3:a3", "k3:b3"]}
  lab: {subnet: 10.30.0.0/24, ports: ["k1:l1", "k2:l2", "k3:l3"]}
"""
OFFICE, LAB = ("a1", "b1", "a2", "b2", "a3", "b3"), ("l1", "l2", "l3")


def everybody_talks(l):
    l.ping_all(OFFICE)
    l.ping_all(LAB)
    l.wait_rest()


def rows(l):
    return {k: sorted(re.sub(r"(duration|n_packets|n_bytes|idle_age)=[^,]*, ?", "", f) for f in l.flows(k))
            for k in l.map["hosts"]}


def underlay_tap(l, host, sent=True):
    """What a host sends into the underlay, or what comes to it."""
    there, here = l.map["underlay"], l.map["hosts"][host]
    tap = Wire(there["ns"], here["underlay_port"]) if sent else Wire(here["ns"], here["underlay_dev"])
    tap.forget()
    return tap


def n_punts(l):
    return {s["name"]: s["session"]["punts"] for s in l.weft("show", "switches")["switches"]}


def vni_of(frame):
    """VNI of an IPv4 VXLAN frame, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 17 or frame[36:38] != struct.pack("!H", 4789):
        return None
    return struct.unpack("!I", frame[46:50])[0] >> 8


def test_all_pairs_inside_none_across(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    networks = {n["name"]: n for n in l.weft("show", "networks")["networks"]}
    assert networks["office"]["transport"] == networks["lab"]["transport"] == "vxlan"
    assert networks["office"]["vni"] == 10020 and networks["office"]["switches"] == 3
    assert l.status()["verdict"] == "ok", l.status()["problems"]
    wires = {n: l.wire(n) for n in OFFICE + LAB}
    for w in wires.values():
        w.forget()
    # A broadcast: once to everybody of the network, not back, not across.
    marker = bytes([10, 20, 0, 240])
    wires["a1"].send(arp_request(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.240"))
    for n in OFFICE[1:]:
        assert wires[n].wait(has(marker)), n
    # Unicast between known hosts: the receiver only, no punt.
    punts = n_punts(l)
    wires["a1"].send(udp(l.vm("a2")["mac"], l.vm("a1")["mac"], b"for-a2-only"))
    assert wires["a2"].wait(has(b"for-a2-only"))
    # The MAC of a host of the other network is nobody here.
    wires["a1"].send(udp(l.vm("l2")["mac"], l.vm("a1")["mac"], b"not-across"))
    assert wires["a3"].wait(has(b"not-across"))
    for n in OFFICE[1:]:
        assert wires[n].count(has(marker)) == 1, f"{n} heard a broadcast twice"
    assert not wires["a1"].count(has(marker)), "a broadcast came back"
    for n in OFFICE + LAB:
        assert wires[n].count(has(b"for-a2-only")) == (n == "a2"), n
    for n in LAB:
        assert not wires[n].count(has(marker)) and not wires[n].count(has(b"not-across")), n
    assert n_punts(l) == punts
    for w in wires.values():
        w.close()
    where = {h["mac"]: h["where"] for h in l.hosts()}
    assert {where[l.vm(n)["mac"]] for n in OFFICE + LAB} == {l.vm(n)["where"] for n in OFFICE + LAB}


def test_the_wire_carries_the_vni(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    vni = {n["name"]: n["vni"] for n in l.weft("show", "networks")["networks"]}
    with underlay_tap(l, "k1") as tap1, underlay_tap(l, "k3", False) as tap3, l.wire("a1") as a1, l.wire("l1") as l1:
        a1.send(udp(l.vm("a2")["mac"], l.vm("a1")["mac"], b"office-unicast"))
        l1.send(udp(l.vm("l2")["mac"], l.vm("l1")["mac"], b"lab-unicast"))
        for data, name in ((b"office-unicast", "office"), (b"lab-unicast", "lab")):
            frame = tap1.wait(has(data))
            assert frame and vni_of(frame) == vni[name], (name, frame)
            assert frame[26:34] == socket.inet_aton("10.99.0.1") + socket.inet_aton("10.99.0.2")
        a1.send(arp_request(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.241"))
        assert tap3.wait(has(bytes([10, 20, 0, 241])))
        assert tap1.count(has(bytes([10, 20, 0, 241]))) == 2, "head-end replication: one copy per peer"
        assert not tap3.count(has(b"office-unicast"))


def vxlan_frame(l, src_vtep, dst_host, vni, inner):
    """A whole underlay frame to a host's VTEP."""
    mac = l.vsctl(dst_host, "get", "interface", "br-phys", "mac_in_use").strip('"')
    body = struct.pack("!II", 0x08000000, vni << 8) + inner
    return udp(mac, "02:ee:00:00:00:01", body, src_vtep, l.map["hosts"][dst_host]["vtep"], 55555, 4789)


def test_unknown_vteps_and_vnis_are_dropped_and_counted(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    def inner(data):
        return udp(l.vm("a1")["mac"], "02:00:00:00:77:01", data)
    # From the underlay's bridge side of k1's cable.
    with Wire(l.map["underlay"]["ns"], l.map["hosts"]["k1"]["underlay_port"]) as cable, l.wire("a1") as a1:
        a1.forget()
        cable.send(vxlan_frame(l, "10.99.0.77", "k1", 10020, inner(b"stranger")))
        cable.send(vxlan_frame(l, "10.99.0.2", "k1", 999, inner(b"no-such-vni")))
        cable.send(vxlan_frame(l, "10.99.0.2", "k1", 10020, inner(b"from-a-peer")))
        assert a1.wait(has(b"from-a-peer"))
        assert not a1.count(has(b"stranger")) and not a1.count(has(b"no-such-vni"))

    def drops():
        return [f for f in l.flows("k1", "table=0") if "in_port=vxlan0" in f or "in_port=1000" in f
                if "actions=drop" in f and "n_packets=1," in f]

    wait_for("both drops are counted, each on its row", lambda: (
        any("priority=45" in f and "tun_id=0x2724" in f for f in drops())
        and any("priority=35" in f for f in drops())))
    assert "02:00:00:00:77:01" not in {h["mac"] for h in l.hosts()}, "learned from a tunnel"


def over_ipv6(text):
    return re.sub(r"10\.99\.0\.(\d+)", r'"fd00:99::\1"', text)


def test_ipv6_underlay(lab):
    l = lab(over_ipv6(VXLAN3))
    everybody_talks(l)
    assert l.status()["verdict"] == "ok", l.status()["problems"]
    with underlay_tap(l, "k1") as tap, l.wire("a1") as a1, l.wire("a3") as a3:
        a1.send(udp(l.vm("a3")["mac"], l.vm("a1")["mac"], b"over-ipv6"))
        assert a3.wait(has(b"over-ipv6"))
        frame = tap.wait(has(b"over-ipv6"))
        assert frame[12:14] == b"\x86\xdd" and frame[20] == 17, "UDP over IPv6"
        assert frame[22:54] == b"".join(socket.inet_pton(socket.AF_INET6, f"fd00:99::{n}") for n in (1, 3))
        assert frame[56:58] == struct.pack("!H", 4789)
        assert struct.unpack("!I", frame[66:70])[0] >> 8 == 10020
    # Neighbours are found again by ND as they are by ARP.
    pair = Steady(l, "a1", "a2")
    pair.flows_again(time.time(), 5)
    for host in ("k1", "k2", "k3"):
        l.appctl(host, "tnl/neigh/flush")
    pair.flows_again(time.time() + 0.5, 40)
    pair.stop()


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_p1_restart_sends_nothing_and_loses_nothing(lab, ipv6):
    l = lab(over_ipv6(VXLAN3) if ipv6 else VXLAN3)
    everybody_talks(l)
    prober = Prober(l, "a1", "a2", "0.002")
    l.kill_weftd(signal.SIGKILL)
    before = rows(l)
    l.start_weftd_without("k2")
    sent, received = prober.stop(100)
    print(f"restart over tunnels: {sent} probes, {sent - received} lost, flow-mods {l.sent()}")
    assert sent == received
    assert rows(l) == before


def test_a_missing_tunnel_port_is_a_problem_of_its_switch_only(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    l.vsctl("k3", "del-port", "br-int", "vxlan0")
    wait_for("it is told", lambda: [p for p in l.weft("status", code=3)["problems"]
                                    if p["kind"] == "tunnel-missing" and p["switch"] == "k3"])
    l.wait_rest()
    assert l.ping("a1", "a2") and l.ping("a3", "b3")
    assert not l.ping("a1", "a3", 1, 1)
    l.vsctl("k3", "add-port", "br-int", "vxlan0", "--", "set", "interface", "vxlan0", "type=vxlan",
            "options:remote_ip=flow", "options:key=flow", "options:local_ip=10.99.0.3")
    wait_for("k3 is reached again", lambda: l.ping("a1", "a3", 1, 1), 20)
    wait_for("no problem is left", lambda: l.status()["verdict"] == "ok")


def test_move_between_hosts_over_tunnels(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    moves_between_hosts(l)


# --- the trap of the unresolved neighbour ------------------------------------------

class Steady:
    """Pings at 20 Hz, and when each answer came. Nobody asks by ARP: a broadcast
    that gets through could mend what is to be mended."""

    def __init__(self, l, a, b):
        for one, other in ((a, b), (b, a)):
            l.exec(one, "ip", "neigh", "replace", l.ip(other), "lladdr", l.vm(other)["mac"], "dev", "eth0",
                   "nud", "permanent")
        self.proc = subprocess.Popen(["ip", "netns", "exec", l.vm(a)["ns"], "ping", "-n", "-D", "-O", "-i", "0.05",
                                      l.ip(b)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        l.children.append(self.proc)
        self.answers = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            if "bytes from" in line:        # [SECONDS] 64 bytes from ...
                self.answers.append(float(line[1:line.index("]")]))

    def flows_again(self, since, seconds):
        """Waits for ten answers after that time; how long it took until the first."""
        wait_for("answers again", lambda: sum(t > since for t in self.answers) >= 10, seconds)
        return next(t for t in self.answers if t > since) - since

    def gap(self):
        return max(b - a for a, b in zip(self.answers, self.answers[1:]))

    def stop(self):
        self.proc.send_signal(2)
        self.reader.join(10)


def test_flushed_neighbours_are_found_again_under_traffic(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    pairs = [Steady(l, "a1", "a2"), Steady(l, "a3", "b1")]
    for pair in pairs:
        pair.flows_again(time.time(), 5)
    for host in ("k1", "k2", "k3"):
        l.appctl(host, "tnl/neigh/flush")
    flushed = time.time()
    took = [pair.flows_again(flushed + 0.5, 40) for pair in pairs]
    print(f"neighbours flushed on all hosts: answers again after {max(took) + 0.5:.1f} s")
    for pair in pairs:
        pair.stop()
    everybody_talks(l)


def test_a_restarted_vswitchd_is_reached_again_under_traffic(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    pairs = [Steady(l, "a1", "a2"), Steady(l, "b2", "a3")]
    for pair in pairs:
        pair.flows_again(time.time(), 5)
    l.restart_vswitchd("k2")
    back = time.time()
    for pair in pairs:
        pair.flows_again(back, 40)
    print(f"ovs-vswitchd of one host restarted: {max(p.gap() for p in pairs):.1f} s without an answer")
    for pair in pairs:
        pair.stop()
    l.wait_ready()
    everybody_talks(l)
