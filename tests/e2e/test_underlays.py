# SPDX-License-Identifier: Apache-2.0
"""Hosts with a VTEP in several underlays, BFD of tunnels, rates."""
import json
import re
import subprocess
import time

from frames import arp_request, has
from weftlab import paths_rest, select_nothing, wait_for

TWO = """version: 1
underlays:
  red: {rate: 100Mbit, mtu: 1600, main: true}
  blue: {rate: 100Mbit}
switches:
  k1: {dpid: 0x11, vteps: {red: 10.99.0.1, blue: 10.98.0.1}}
  k2: {dpid: 0x12, vteps: {red: 10.99.0.2, blue: 10.98.0.2}}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  office: {vni: 10020, subnet: 10.20.0.0/24, ports: [k1:a1, k2:a2, "k1:*"]}
  lab: {vni: 10030, subnet: 10.30.0.0/24, ports: [k2:l2, k3:l3]}
links:
  - {between: [k1, k2], underlay: red, bfd: [k1:red-2, k2:red-1], rate: 20Mbit}
  - {between: [k1, k2], underlay: blue, bfd: [k1:blue-2, k2:blue-1]}
  - {between: [k1, k3]}
"""
SECONDS_FOR_BFD = 10        # it takes 0.3 on a machine that has nothing else to do
BLUE = (("k1", "blue-2"), ("k2", "blue-1"))


def neighbours(l, host):
    return set(re.findall(r"^(10\.\S+)\s+\S+\s+br-phys", l.appctl(host, "tnl/neigh/show"), re.M))


def port_state(l, host, name):
    return next(p["state"] for p in l.weft("show", "ports")["ports"] if p["switch"] == host and p["name"] == name)


def wait_quick(l, ends):
    """Until a session is up each end sends once a second (RFC 5880, section 6.8.3), and the other end goes by that until
    it hears that it is quicker now: a fault in the first second of a session is found after three seconds."""
    wait_for("both ends of the BFD session have heard of 100 ms", lambda: all(
        "RX Interval: Approx 100ms" in l.appctl(host, "bfd/show", port) for host, port in ends), 20)


def test_two_underlays(lab):
    l = lab(TWO)
    assert [u["name"] for u in l.map["underlays"]] == ["red", "blue"]
    l.ping_all(("a1", "a2"))
    l.ping_all(("l2", "l3"))
    # Each VTEP of a peer is looked up, also where only steered frames would go: k1 and k3 share no network.
    wait_for("k1 knows all VTEPs", lambda: neighbours(l, "k1") >= {"10.99.0.2", "10.98.0.2", "10.99.0.3"}, 20)
    wait_for("k3 knows k1", lambda: "10.99.0.1" in neighbours(l, "k3"), 20)
    # BFD ports belong to no network, and that is no remark; they tell who lives.
    for host, port in (("k1", "red-2"), ("k2", "red-1"), *BLUE):
        wait_for(f"BFD on {host}:{port}", lambda: port_state(l, host, port) == "ok", SECONDS_FOR_BFD)
    assert l.status()["verdict"] == "ok", l.status()["problems"]
    assert "port-no-network" not in [p["kind"] for p in l.status()["problems"]]

    # What comes by the other underlay is let in as well.
    wire, vni = l.wire("a2"), 10020
    frame = arp_request(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.240")
    for there in ("10.98.0.2", "10.99.0.2"):
        wire.forget()
        l.ofctl("k1", "packet-out", "br-int", f"in_port=controller packet={frame.hex()} actions="
                f"set_field:{vni}->tun_id,set_field:{there}->tun_dst,output:1000")
        assert wire.wait(has(bytes([10, 20, 0, 240]))), there

    # One underlay is cut, where no port of the host sees it.
    gate = next(u for u in l.map["hosts"]["k1"]["underlays"] if u["underlay"] == "blue")
    wait_quick(l, BLUE)
    l.ns(l.map["underlay"]["ns"], "ip", "link", "set", gate["port"], "down")
    started = time.monotonic()
    wait_for("BFD tells", lambda: port_state(l, "k1", "blue-2") == "down" == port_state(l, "k2", "blue-1"),
             SECONDS_FOR_BFD)
    print(f"BFD at 100 ms: the cut was known after {1000 * (time.monotonic() - started):.0f} ms")
    assert port_state(l, "k1", "red-2") == "ok"
    l.ping_all(("a1", "a2"))
    l.ns(l.map["underlay"]["ns"], "ip", "link", "set", gate["port"], "up")
    wait_for("BFD is back", lambda: port_state(l, "k1", "blue-2") == "ok", SECONDS_FOR_BFD)


def restart(l):
    l.kill_weftd()
    l.start_weftd()
    l.wait_rest()


def held(l):
    """Seconds that are left to each: when they are over, traffic comes home, with or without a restart."""
    return {e["name"]: e["held_seconds"] for e in l.weft("show", "links")["links"] if e["held_seconds"]}


def restart_sends_nothing(l):
    l.wait_rest()
    paths_rest(l)
    while held(l):
        wait_for("nothing is held", lambda: not held(l), 100)
        paths_rest(l)
    restart(l)
    assert set(l.sent().values()) == {0}
    paths_rest(l)
    time.sleep(3)
    assert set(l.sent().values()) == {0}


def test_restart_with_two_underlays_sends_nothing(lab):
    l = lab(TWO + "te: {hold_up: 10s}\n")
    l.ping_all(("a1", "a2"))
    l.ping_all(("l2", "l3"))
    restart_sends_nothing(l)
    # Also with the underlay cut that carries something.
    def bfd(state):
        wait_for(f"BFD in blue is {state}", lambda: port_state(l, "k1", "blue-2") == state == port_state(l, "k2", "blue-1"),
                 SECONDS_FOR_BFD)

    gate = next(u for u in l.map["hosts"]["k1"]["underlays"] if u["underlay"] == "blue")
    l.ns(l.map["underlay"]["ns"], "ip", "link", "set", gate["port"], "down")
    bfd("down")
    restart_sends_nothing(l)
    l.ns(l.map["underlay"]["ns"], "ip", "link", "set", gate["port"], "up")
    bfd("ok")
    before = wait_for("it is held", lambda: held(l).get("k1-k2@blue"), 20)
    wait_for("and that is written down", lambda: "\nk1-k2@blue\tcuh\t" in (l.dir / "state/links").read_text())
    # Which a restart does not forget.
    restart(l)
    assert 0 < held(l).get("k1-k2@blue", 0) <= before
    assert not any(e["kind"] == "te" and "k1-k2@blue" in e["text"] for e in l.weft("show", "events")["events"])
    l.ping_all(("a1", "a2"))


def test_restart_without_state_finds_the_shortest_paths_again(lab):
    l = lab(TWO.replace("k2:blue-1]}", "k2:blue-1], cost: 5}") + "te: {hold_up: 5s}\n")
    l.ping_all(("a1", "a2"))
    l.ping_all(("l2", "l3"))
    restart_sends_nothing(l)
    l.kill_weftd()
    for name in "te", "links":
        (l.dir / "state" / name).unlink()
    l.start_weftd(wait=False)
    wait_for("there are paths", lambda: l.weft("show", "te")["state"] == "rest", 60)
    l.wait_ready()
    l.wait_rest()
    assert set(l.sent().values()) == {0}
    assert l.weft("show", "te")["labels"]["pairs"] == 4
    paths_rest(l)
    assert set(l.sent().values()) == {0}


def sent_bytes(l, ends):
    """Bytes that these ports, (namespace, name), have sent; what waits in their shapers has not been sent."""
    return sum(json.loads(l.ns(ns, "ip", "-j", "-s", "link", "show", dev).stdout)[0]["stats64"]["tx"]["bytes"] for ns, dev in ends)


def mbit_through(l, ends, seconds):
    """At least so much was sent in each second: time that the looks themselves take counts."""
    began = time.monotonic()
    before = sent_bytes(l, ends)
    select_nothing(seconds)
    after = sent_bytes(l, ends)
    return (after - before) * 8 / 1e6 / (time.monotonic() - began)


def test_rates(lab):
    # Either tunnel may be the one that is taken.
    l = lab(TWO.replace("k2:blue-1]}", "k2:blue-1], rate: 20Mbit}") + "  - {between: [k2:c3, k3:c2], rate: 30Mbit}\n"
            + "te: {goal: shortest}\n")
    l.ping_all(("a1", "a2"))
    l.ping_all(("l2", "l3"))
    k2 = l.map["hosts"]["k2"]
    # Tunnels are limited where the underlay gives frames to k2, a cable where it begins.
    gates = [(l.map["underlay"]["ns"], u["port"]) for u in k2["underlays"]]
    for client, server, mbit, ends in (("a1", "a2", 20, gates), ("l2", "l3", 30, [(k2["ns"], "c3")])):
        there = iperf3(l, server, "-s", "-1")
        wait_for("iperf3 listens", lambda: ":5201" in l.exec(server, "ss", "-Hlnt").stdout)
        before, here = sent_bytes(l, ends), iperf3(l, client, "-c", l.ip(server), "-t", "3")
        wait_for("it is under way", lambda: sent_bytes(l, ends) - before > 200_000)
        got = mbit_through(l, ends, 2)
        print(f"{client} -> {server}: {got:.1f} of {mbit} Mbit/s")
        assert 0.3 * mbit < got < 1.03 * mbit
        here.wait(20)
        there.wait(10)


def iperf3(l, vm, *args):
    child = subprocess.Popen(["ip", "netns", "exec", l.vm(vm)["ns"], "iperf3", *args], stdout=subprocess.DEVNULL)
    l.children.append(child)
    return child
