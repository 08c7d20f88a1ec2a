# SPDX-License-Identifier: Apache-2.0
"""Limits, ageing, trunks: scenarios S18 S19 S21, and ports in no network."""
import re

from frames import arp_request, has, mac_bytes, udp, vlan
from t1 import t1
from weftlab import wait_for


def refused(l):
    return sum(p["refused_hosts"] for p in l.weft("show", "ports")["ports"])


def speak(wire, macs, target="10.0.0.1"):
    for i, mac in enumerate(macs):
        wire.send(arp_request(mac, f"10.0.0.{100 + i}", target))


def sources(l, ofport=None):
    match = "table=60" + (f",in_port={ofport}" if ofport else "")
    return [f for f in l.flows("s1", match) if "dl_src=" in f]


def test_s18_network_limit(any_lab):
    l = any_lab(t1(network="max_hosts: 2", extra="  other:\n    subnet: 10.0.1.0/24\n    ports: [s1:x1, s1:x2]\n"))
    names = ["h1", "h2", "h3", "h4"]
    macs = {l.vm(n)["mac"]: n for n in names}

    def inside():
        return sorted(macs[h["mac"]] for h in l.hosts() if h["network"] == "v100" and h["mac"] in macs)

    def everybody_spoke():
        for a, b in (("h1", "h2"), ("h3", "h4"), ("h4", "h1")):
            l.ping(a, b, 1, 1)
        return len(inside()) == 2 and refused(l) > 0

    wait_for("two are in, others were refused", everybody_spoke, 20)
    assert len(inside()) == 2
    network = next(n for n in l.status()["networks"] if n["name"] == "v100")
    assert network["hosts"] == 2
    assert len([f for f in sources(l) if any(mac in f for mac in macs)]) == 2
    # Those who are in stay in, and the other network does not notice.
    l.ping_all(inside())
    l.ping_all(["x1", "x2"])
    assert [p for p in l.status()["problems"] if p.get("network") == "v100"], "a limit that bites is shown"


def test_s19_port_limit(lab):
    l = lab(t1(ports={2: "{port: s1:h2, max_hosts: 3}"}))
    macs = [f"02:00:00:00:19:{i:02x}" for i in range(6)]
    l.exec("h2", "ip", "link", "set", "eth0", "arp", "off")
    port = l.vm("h2")["ofport"]
    with l.wire("h2") as w2:
        for _ in range(3):
            speak(w2, macs, l.ip("h1"))
            wait_for("three", lambda: len([h for h in l.hosts() if h["where"] == "s1:h2"]) == 3)
        # The VM's own MAC may be one of the three.
        known = [h["mac"] for h in l.hosts() if h["where"] == "s1:h2" and h["mac"] in macs]
        assert 2 <= len(known) <= 3
        assert len(sources(l, port)) == 3
        wait_for("refusals are counted", lambda: refused(l) > 0)
        # A learned one gets its answers, a refused one is not heard at all.
        stranger = next(m for m in macs if m not in known)
        w2.forget()
        w2.send(arp_request(known[0], "10.0.0.180", l.ip("h1")))
        assert w2.wait(lambda f: f[:6] == mac_bytes(known[0]))
        with l.wire("h3") as w3:
            w3.forget()
            w2.send(udp("02:00:00:00:00:99", stranger, b"stranger"))
            w2.send(udp("02:00:00:00:00:99", known[0], b"known-one"))
            assert w3.wait(has(b"known-one"))
            assert not w3.count(has(b"stranger"))
    l.ping_all(["h1", "h3", "h4"])


def test_s21_ageing(lab):
    l = lab(t1(network="ageing: 5s"))
    batches = [[f"02:00:00:21:{b:02x}:{i:02x}" for i in range(5)] for b in range(3)]
    everyone = [m for batch in batches for m in batch]
    with l.wire("h1") as w1, l.wire("h2") as w2:
        for batch, wire in zip(batches, (w1, w2, w1)):
            speak(wire, batch, "10.0.0.250")
            wait_for("a batch is learned", lambda: set(batch) <= {h["mac"] for h in l.hosts()})
            wait_for("network and host list agree", lambda: next(
                n for n in l.status()["networks"] if n["name"] == "v100")["hosts"] == len(l.hosts()))
    l.wait_rest()
    assert all(any(m in f for f in l.flows("s1", "table=70")) for m in batches[2])
    wait_for("all gone from the reports", lambda: not {h["mac"] for h in l.hosts()} & set(everyone), 20)
    wait_for("all gone from the destination table",
             lambda: not any(m in f for f in l.flows("s1", "table=70") for m in everyone), 5)
    assert next(n for n in l.status()["networks"] if n["name"] == "v100")["hosts"] == len(l.hosts())
    gone = [e for e in l.weft("show", "events")["events"] if e["kind"] == "host-gone"]
    assert len(gone) >= 15


def test_trunk_native_and_tagged(lab):
    """A port stands in two networks with a tag and in one without."""
    l = lab("version: 1\nswitches: {s1: {dpid: 0x1}}\nnetworks:\n"
            "  a: {ports: [{port: s1:tr, tag: 11}, s1:pa]}\n"
            "  b: {ports: [{port: s1:tr, tag: 12}, s1:pb]}\n"
            "  c: {ports: [s1:tr, s1:pc]}\n")
    wires = {n: l.wire(n) for n in ("tr", "pa", "pb", "pc")}
    mac = "02:00:00:00:77:01"
    for w in wires.values():
        w.forget()
    for tag, net, octet in ((vlan(11), "pa", 11), (vlan(12), "pb", 12), (b"", "pc", 13)):
        wires["tr"].send(arp_request(mac, "10.3.0.1", f"10.3.0.{octet}", tags=tag))
        frame = wires[net].wait(has(bytes([10, 3, 0, octet])))
        assert frame and frame[12:14] == b"\x08\x06", (net, frame)
        for other in ("pa", "pb", "pc"):
            if other != net:
                assert not wires[other].count(has(bytes([10, 3, 0, octet])))
    for net, tag, data in (("pa", vlan(11), b"from-a"), ("pb", vlan(12), b"from-b"), ("pc", b"", b"from-c")):
        wires[net].send(udp(mac, f"02:00:00:00:77:{ord(net[1]):02x}", data))
        frame = wires["tr"].wait(has(data))
        assert frame and frame[12:14 + len(tag)][:len(tag)] == tag
        if not tag:
            assert frame[12:14] == b"\x08\x00"
    assert len([h for h in l.hosts() if h["mac"] == mac]) == 3, "one MAC, three networks, three hosts"
    for w in wires.values():
        w.close()


def test_port_in_no_network_and_disabled_port(lab):
    l = lab(t1(ports={4: "{port: s1:h4, enable: false}"}))
    l.ping_all(["h1", "h2", "h3"])
    assert not l.ping("h4", "h1", 1, 1)
    port = l.vm("h4")["ofport"]
    drops = [f for f in l.flows("s1", f"table=0,in_port={port}") if "actions=drop" in f]
    assert sum(int(re.search(r"n_packets=(\d+)", f).group(1)) for f in drops) > 0
    # Taken out of the file: dropped as well, counted and shown.
    l.edit(t1(hosts=3))
    assert not l.ping("h3", "h4", 1, 1)
    shown = next(p for p in l.weft("show", "ports")["ports"] if p["name"] == "h4")
    assert shown["networks"] == [] and shown["state"] != "ok"
    assert not l.ping("h4", "h1", 1, 1)


def test_glob_port_joins_by_itself(lab):
    l = lab("version: 1\nswitches: {s1: {dpid: 0x1}}\nnetworks:\n  v100:\n    subnet: 10.0.0.0/24\n"
            "    ports: [s1:h1, \"s1:h?\"]\nx-lab: {vms: {h2: {port: \"s1:h2\"}}}\n")
    l.ping_all(["h1", "h2"])


def test_five_line_file(lab):
    l = lab("version: 1\nnetworks:\n  all:\n    ports: [\"*:*\"]\n"
            "x-lab: {switches: [s1], vms: {v1: {port: \"s1:v1\"}, v2: {port: \"s1:v2\"}}}\n")
    l.ping_all(["v1", "v2"])
    assert l.status()["verdict"] == "ok", l.status()["problems"]
