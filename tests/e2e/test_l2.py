# SPDX-License-Identifier: Apache-2.0
"""L2 basics on real Open vSwitch, over TLS: scenarios S01 S03-S06 S08-S12 S14 S17."""
import json
import random
import re
import threading

import pytest

from frames import BROADCAST, arp_request, ethernet, has, mac_bytes, udp, vlan
from t1 import t1
from weftlab import select_nothing, wait_for

BOGUS = "02:bb:bb:bb:bb:bb"


def learned(lab, names):
    """Every VM's MAC has a source row on its own port."""
    macs = {lab.vm(n)["mac"]: n for n in names}
    at = {h["mac"]: h["where"] for h in lab.hosts()}
    return all(at.get(mac, "").endswith(":" + lab.vm(n)["port"]) for mac, n in macs.items())


def test_s01_all_pairs_and_after_flaps(any_lab):
    l = any_lab(t1())
    names = ["h1", "h2", "h3", "h4"]
    l.ping_all(names)
    wait_for("all four learned", lambda: learned(l, names))
    for n in names:
        assert l.packets("s1", f"table=60,dl_src={l.vm(n)['mac']}") > 0
    for n in names:
        l.flap("s1", l.vm(n)["port"])
    wait_for("all ports up", lambda: all(p["up"] for p in l.weft("show", "ports")["ports"]
                                         if p["name"].startswith("h")))
    l.ping_all(names)


def test_s03_no_reflection(any_lab):
    l = any_lab(t1())
    l.ping_all()
    wires = {n: l.wire(n) for n in ("h1", "h2", "h3", "h4")}
    for n, wire in wires.items():
        wire.forget()
    for n, wire in wires.items():
        wire.send(arp_request(l.vm(n)["mac"], l.ip(n), "10.0.0.250"))
        solicit = bytes.fromhex("6000000000183aff") + bytes(15) + b"\x01" + \
            bytes.fromhex("ff0200000000000000000001ff000001") + b"\x87\0" + bytes(22)
        wire.send(ethernet("33:33:ff:00:00:01", l.vm(n)["mac"], solicit, 0x86dd))
    for n, wire in wires.items():
        for other in wires:
            if other != n:
                mac = mac_bytes(l.vm(other)["mac"])
                assert wire.wait(lambda f: f[6:12] == mac and f[:6] == b"\xff" * 6), (n, other)
        own = mac_bytes(l.vm(n)["mac"])
        assert wire.count(lambda f: f[6:12] == own) == 0
    # Two MACs behind one port: what they say to each other does not come back.
    a, b = "02:00:00:00:0a:01", "02:00:00:00:0a:02"
    for mac in (a, b):
        wires["h1"].send(arp_request(mac, "10.0.0.77", "10.0.0.250"))
        l.wait_host(mac)
    l.wait_rest()
    for wire in wires.values():
        wire.forget()
    wires["h1"].send(udp(b, a, b"same-port-unicast"))
    wires["h1"].send(arp_request(a, "10.0.0.77", "10.0.0.251"))   # a marker behind it
    assert wires["h2"].wait(has(b"\x0a\x00\x00\xfb"))
    assert not any(w.count(has(b"same-port-unicast")) for w in wires.values())


def test_s04_tagged_network_drops_untagged(lab):
    l = lab(t1(tag=100))
    ofports = {n: l.vm(n)["ofport"] for n in ("h1", "h2", "h3", "h4")}
    for i, n in enumerate(ofports):
        with l.wire(n) as wire:
            for _ in range(3):
                wire.send(arp_request(f"02:04:04:04:04:{i:02x}", "10.0.0.9", "10.0.0.10"))
            # DTP: to the Cisco group, untagged.
            wire.send(ethernet("01:00:0c:cc:cc:cc", l.vm(n)["mac"], b"\xaa\xaa\x03\0\0\x0c\x20\x04", 8))
    for n, port in ofports.items():
        wait_for(f"3 drops on {n}", lambda: drops(l, port) >= 3)
    assert not [h for h in l.hosts() if h["mac"].startswith("02:04:04")]
    tagged_all_pairs(l, 100)
    l.ping_all()            # and the VMs' own tagged interfaces


def drops(l, ofport):
    return sum(int(re.search(r"n_packets=(\d+)", f).group(1))
               for f in l.flows("s1", f"table=0,in_port={ofport}") if "actions=drop" in f)


def tagged_all_pairs(l, vid, names=("h1", "h2", "h3", "h4")):
    """Hosts that speak tagged, made of raw frames: each says hello to all, then
    each sends to each and the frame comes tagged and to nobody else."""
    wires = {n: l.wire(n) for n in names}
    macs = {n: f"02:7a:00:00:00:{i:02x}" for i, n in enumerate(names, 1)}
    for n in names:
        wires[n].send(arp_request(macs[n], "10.0.0.1", "10.0.0.2", tags=vlan(vid)))
    for n in names:
        l.wait_host(macs[n], f"s1:{l.vm(n)['port']}")
    l.wait_rest()
    for w in wires.values():
        w.forget()
    for a in names:
        for b in names:
            if a != b:
                wires[a].send(udp(macs[b], macs[a], f"{a}-to-{b}".encode(), tags=vlan(vid)))
    for b in names:
        for a in names:
            if a != b:
                frame = wires[b].wait(has(f"{a}-to-{b}".encode()))
                assert frame, (a, b)
                assert frame[12:16] == vlan(vid), frame.hex()
        assert wires[b].count(has(b"-to-")) == len(names) - 1
    for w in wires.values():
        w.close()


def test_s05_tagged_and_untagged_in_one_network(lab):
    l = lab(t1(ports={1: "{port: s1:h1, tag: 100}"}))
    tagged = "02:7a:00:00:00:01"
    w1, w2, w3 = l.wire("h1"), l.wire("h2"), l.wire("h3")
    for _ in range(2):
        l.ping_all(["h2", "h3", "h4"])
        for w in (w1, w2, w3):
            w.forget()
        w1.send(arp_request(tagged, "10.0.0.1", l.ip("h2"), tags=vlan(100)))
        reply = w1.wait(lambda f: f[:6] == mac_bytes(tagged) and f[12:18] == vlan(100) + b"\x08\x06")
        assert reply, "h2 did not answer the tagged host with a tag"
        # For h2 the switch answers from the second time on; nobody has this one.
        w1.send(arp_request(tagged, "10.0.0.1", "10.0.0.98", tags=vlan(100)))
        assert w3.wait(lambda f: f[6:12] == mac_bytes(tagged) and f[12:14] == b"\x08\x06"), "no broadcast"
        w2.send(arp_request(l.vm("h2")["mac"], l.ip("h2"), "10.0.0.99"))
        assert w1.wait(lambda f: f[:6] == b"\xff" * 6 and f[12:16] == vlan(100))
        for n in ("h1", "h2", "h3", "h4"):
            l.flap("s1", l.vm(n)["port"])
    for w in (w1, w2, w3):
        w.close()


def test_s06_two_networks_are_apart(any_lab):
    l = any_lab("version: 1\nswitches:\n  s1: {dpid: 0x1}\nnetworks:\n"
            "  a: {ports: [{port: s1:h1, tag: 110}, {port: s1:h2, tag: 110}]}\n"
            "  b: {subnet: 10.0.0.0/24, ports: [s1:h3, s1:h4]}\n")
    wires = {n: l.wire(n) for n in ("h1", "h2", "h3", "h4")}
    l.ping_all(["h3", "h4"])
    tagged_all_pairs(l, 110, ("h1", "h2"))
    for w in wires.values():
        w.forget()
    wires["h1"].send(arp_request("02:7a:00:00:00:01", "10.0.0.1", "10.0.0.201", tags=vlan(110)))
    wires["h3"].send(arp_request(l.vm("h3")["mac"], "10.0.0.3", "10.0.0.202"))
    wires["h1"].send(udp(l.vm("h3")["mac"], "02:7a:00:00:00:01", b"across", tags=vlan(110)))
    wires["h3"].send(udp("02:7a:00:00:00:02", l.vm("h3")["mac"], b"across"))
    assert wires["h2"].wait(has(bytes([10, 0, 0, 201])))
    assert wires["h4"].wait(has(bytes([10, 0, 0, 202])))
    # Each unknown unicast was flooded inside its own network and not across.
    assert wires["h2"].wait(has(b"across")) and wires["h4"].wait(has(b"across"))
    assert wires["h2"].count(has(b"across")) == 1 and wires["h4"].count(has(b"across")) == 1
    for n in ("h3", "h4"):
        assert not wires[n].count(has(bytes([10, 0, 0, 201])))
    for n in ("h1", "h2"):
        assert not wires[n].count(has(bytes([10, 0, 0, 202])))


def test_s08_random_vids(lab):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    vids = random.Random(seed).sample(range(2, 4095), 3)
    l = lab(t1(tag=vids[0]))
    for vid in vids:
        l.edit(t1(tag=vid))
        tagged_all_pairs(l, vid)


def test_s09_reserved_groups_are_dropped_and_counted(lab):
    l = lab(t1())
    wires = {n: l.wire(n) for n in ("h1", "h2", "h3", "h4")}
    groups = [f"01:80:c2:00:00:{i:02x}" for i in range(16)] + ["01:00:0c:cc:cc:cc"]
    for w in wires.values():
        for group in groups:
            w.send(ethernet(group, "02:00:00:00:09:09", b"reserved-group", 0x88cc))
    wires["h1"].send(arp_request(l.vm("h1")["mac"], "10.0.0.1", "10.0.0.240"))
    assert wires["h2"].wait(has(bytes([10, 0, 0, 240])))
    assert not any(w.count(has(b"reserved-group")) for w in wires.values())
    flows = l.flows("s1", "table=0")
    for group in ("dl_dst=01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0", "dl_dst=01:00:0c:cc:cc:cc"):
        counted = [f for f in flows if group in f and "actions=drop" in f]
        assert counted and all(re.search(r"n_packets=[1-9]", f) for f in counted), group


@pytest.mark.parametrize("network, port, expected", [
    ("", "s1:h1", True),
    ("flood: false", "s1:h1", False),
    ("", "{port: s1:h1, flood: false}", False),
    ("flood: false", "{port: s1:h1, flood: true}", False),
])
def test_s10_unknown_unicast(lab, network, port, expected):
    l = lab(t1(ports={1: port}, network=network))
    l.ping_all(["h1", "h2"])
    with l.wire("h1") as w1, l.wire("h2") as w2:
        w1.forget()
        w2.send(udp(BOGUS, l.vm("h2")["mac"], b"unknown-unicast"))
        w2.send(arp_request(l.vm("h2")["mac"], l.ip("h2"), "10.0.0.241"))
        assert w1.wait(has(bytes([10, 0, 0, 241]))), "broadcast must pass in any case"
        assert bool(w1.count(has(b"unknown-unicast"))) == expected


def test_s11_swap_macs_twice(any_lab):
    l = any_lab(t1())
    l.ping_all(["h1", "h2", "h3"])
    macs = {n: l.vm(n)["mac"] for n in ("h1", "h2")}
    for turn in range(2):
        first, second = ("h1", "h2") if turn else ("h2", "h1")
        for vm, mac in (("h1", macs[first]), ("h2", macs[second])):
            ns = l.vm(vm)["ns"]
            l.exec(vm, "ip", "link", "set", "eth0", "down")
            l.exec(vm, "ip", "link", "set", "eth0", "address", mac)
            l.exec(vm, "ip", "link", "set", "eth0", "up")
        for vm in ("h1", "h2", "h3"):
            l.exec(vm, "ip", "neigh", "flush", "dev", "eth0")
        l.ping_all(["h1", "h2", "h3"])
        l.wait_host(macs[first], "s1:h1")
        l.wait_host(macs[second], "s1:h2")
    moves = [e for e in l.weft("show", "events")["events"] if "from=s1:h" in json.dumps(e)]
    assert len(moves) >= 4, moves


def test_s12_hairpin(lab):
    l = lab(t1(ports={1: "{port: s1:h1, hairpin: true}"}))
    a, b = "02:00:00:00:0c:01", "02:00:00:00:0c:02"
    with l.wire("h1") as w1:
        w1.send(arp_request(a, "10.0.0.71", "10.0.0.72"))
        assert w1.wait(lambda f: f[6:12] == mac_bytes(a)), "the broadcast must come back"
        w1.send(arp_request(b, "10.0.0.72", "10.0.0.71"))
        l.wait_host(a)
        l.wait_host(b)
        l.wait_rest()
        w1.forget()
        w1.send(udp(b, a, b"through-the-bridge"))
        assert w1.wait(has(b"through-the-bridge"))
    hairpins = [f for f in l.flows("s1") if "IN_PORT" in f and re.search(r"n_packets=[1-9]", f)]
    assert hairpins, l.flows("s1")


@pytest.mark.parametrize("v6", [False, True], ids=["v4", "v6"])
def test_s14_iperf_and_port_counters(lab, v6):
    l = lab(t1(hosts=2))
    address = l.vm("h2")["networks"][0]["ip6" if v6 else "ip"]
    for turn in range(3):
        wait_for("a path", lambda: l.ping("h1", "h2", 1, 2, v6=v6), 15)
        port, far = l.vm("h1")["port"], l.vm("h2")["port"]
        before = tx_bytes(l, far)
        server = threading.Thread(target=l.exec, args=("h2", "iperf3", "-s", "-1"))
        server.start()
        wait_for("the server", lambda: "5201" in l.exec("h2", "ss", "-ltn").stdout)
        done = json.loads(l.exec("h1", "iperf3", "-J", "-t", "1", "-c", address).stdout)
        server.join(20)
        got = done["end"]["sum_received"]["bytes"]
        rate = done["end"]["sum_received"]["bits_per_second"]
        print(f"{'IPv6' if v6 else 'IPv4'} run {turn}: {rate / 1e6:.0f} Mbit/s")
        assert rate > 100e6
        counted = tx_bytes(l, far) - before
        assert 0.8 * got < counted < 1.2 * got, (got, counted, done["end"]["sum_sent"])
        l.flap("s1", port)


def tx_bytes(l, port):
    return int(re.search(r"tx pkts=\d+, bytes=(\d+)",
                         l.ofctl("s1", "dump-ports", "br-int", port)).group(1))


def test_s17_silence(lab):
    l = lab(t1(network="flood: true"))
    for n in ("h1", "h2", "h3", "h4"):
        l.exec(n, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        l.exec(n, "ip", "addr", "flush", "dev", "eth0")
    wires = [l.wire(n) for n in ("h1", "h2", "h3", "h4")]
    for w in wires:
        w.forget()
    select_nothing(10)
    assert [f.hex() for w in wires for f in w.read()] == []
