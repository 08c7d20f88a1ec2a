# SPDX-License-Identifier: Apache-2.0
"""Scenarios S13 (a port for output only), S15 (32 hosts), S16 (four hosts on 48 tagged VLANs),
S54 (all pairs over three hosts, tagged and untagged) and S66 (what counts)."""
import re
import struct
import threading

from frames import BROADCAST, arp_request, has, mac_bytes, udp, vlan
from t1 import t1
from weftlab import wait_for


def test_s13_output_only_port(lab):
    l = lab(t1(ports={1: "{port: s1:h1, max_hosts: 0}"}))
    l.ping_all(["h2", "h3", "h4"])
    for other in ("h2", "h3", "h4"):
        lost = l.exec("h1", "ping", "-n", "-q", "-c", "3", "-i", "0.1", "-W", "1", l.ip(other), check=False)
        assert re.search(r"\b100% packet loss", lost.stdout), lost.stdout
    port = l.vm("h1")["ofport"]
    wait_for("the row of that ingress counts the drops", lambda: l.packets(
        "s1", f"table=60,in_port={port}") >= 3)
    row = next(f for f in l.flows("s1", "table=60") if f"in_port={port} " in f)
    assert "goto_table" not in row and "resubmit" not in row, row
    assert l.vm("h1")["mac"] not in {h["mac"] for h in l.hosts()}
    # Frames do go out of it.
    with l.wire("h1") as w1, l.wire("h2") as w2:
        w1.forget()
        w2.send(arp_request(l.vm("h2")["mac"], l.ip("h2"), "10.0.0.240"))
        assert w1.wait(has(bytes([10, 0, 0, 240])))
    l.ping_all(["h2", "h3", "h4"])


VLANS = range(101, 149)
HOSTS = ("h1", "h2", "h3", "h4")


def discover(mac, vid):
    """A DHCPDISCOVER (RFC 2131) with a tag."""
    bootp = struct.pack("!BBBBIHH", 1, 1, 6, 0, vid << 8 | 0x77, 0, 0x8000) + bytes(16) + mac_bytes(mac) + bytes(10)
    options = bytes([99, 130, 83, 99, 53, 1, 1, 255])
    return udp(BROADCAST, mac, bootp + bytes(192) + options, "0.0.0.0", "255.255.255.255", 68, 67, vlan(vid))


def test_s16_four_hosts_on_48_vlans(lab):
    networks = "".join(f"  v{v}: {{ports: [" + ", ".join(f"{{port: s1:{h}, tag: {v}}}" for h in HOSTS) + "]}\n"
                       for v in VLANS)
    # The VMs need an interface in one VLAN only: the frames are raw.
    quiet = "".join(f"    {h}: {{port: \"s1:{h}\", tag: 101, ip: none, ip6: none}}\n" for h in HOSTS)
    l = lab(f"version: 1\nswitches: {{s1: {{dpid: 0x1}}}}\nnetworks:\n{networks}x-lab:\n  vms:\n{quiet}")
    wires = {h: l.wire(h) for h in HOSTS}
    for w in wires.values():
        w.forget()
    macs = {h: l.vm(h)["mac"] for h in HOSTS}
    start = threading.Barrier(len(HOSTS))

    def ask(host):
        start.wait(10)
        for v in VLANS:
            wires[host].send(discover(macs[host], v))

    threads = [threading.Thread(target=ask, args=(h,)) for h in HOSTS]
    for t in threads:
        t.start()
    for t in threads:
        t.join(10)

    def learned():
        seen = {}
        for h in l.hosts():
            seen.setdefault(h["network"], set()).add(h["mac"])
        return seen

    everybody = {f"v{v}": set(macs.values()) for v in VLANS}
    wait_for("all four learned on all 48", lambda: learned() == everybody)
    assert len(l.hosts()) == 4 * len(VLANS)
    # Each was heard by the other three, in its VLAN and in no other.
    for h, w in wires.items():
        wait_for(f"{h} hears all", lambda w=w: w.count(lambda f: f[36:38] == b"\0\x44" or f[38:40] == b"\0\x44")
                 >= 3 * len(VLANS))
        heard = sorted((f[6:12], struct.unpack("!H", f[14:16])[0] & 0xfff) for f in w.read() if f[12:14] == b"\x81\0")
        assert heard == sorted((mac_bytes(macs[o]), v) for o in HOSTS if o != h for v in VLANS), h
        w.close()


S54 = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  office:
    subnet: 10.20.0.0/24
    ports: [k1:u1, k1:v1, k2:u2, k2:v2, k3:u3, k3:v3,
            {port: k1:t1, tag: 5}, {port: k1:w1, tag: 5}, {port: k2:t2, tag: 6}, {port: k3:t3, tag: 5}]
"""


def test_s54_all_pairs_tagged_and_untagged(lab):
    l = lab(S54)
    names = sorted(l.map["vms"])
    l.ping_all(names)
    where = {h["mac"]: h["where"] for h in l.hosts()}
    assert {n: where.get(l.vm(n)["mac"]) for n in names} == {n: l.vm(n)["where"] for n in names}
    # A location follows: t2 is unplugged at k2 and answers at k3.
    mac = l.vm("t2")["mac"]
    with l.wire("t3") as t3:
        t3.send(arp_request(mac, "10.20.0.9", "10.20.0.8", tags=vlan(5)))
        l.wait_host(mac, "k3:t3")


def test_s15_32_hosts_on_one_bridge(lab):
    l = lab(t1(hosts=32))
    names = [f"h{n}" for n in range(1, 33)]
    l.ping_all(names)
    wait_for("all are learned, each at its port", lambda: {h["where"] for h in l.hosts()} == {f"s1:{n}" for n in names})


def test_s66_counters_and_events(lab):
    """Counters of ports, rows and meters rise with traffic; events are numbered, and the newest is counted."""
    l = lab(t1(network="storm: {broadcast: 100pps}"))
    l.ping_all()

    def counts():
        storms = [s for p in l.weft("show", "ports")["ports"] for n in p["networks"] for s in n["storm"]]
        return [sum(f["packets"] for f in l.weft("show", "flows", "switch=s1")["flows"]), sum(s["dropped"] for s in storms)]

    before, port = counts(), l.ofctl("s1", "dump-ports", "br-int", "h1")
    with l.wire("h1") as h1:
        for n in range(400):
            h1.send(arp_request(l.vm("h1")["mac"], l.ip("h1"), f"10.0.{n // 200}.{n % 200}"))
    wait_for("rows and meters count", lambda: all(now > then for now, then in zip(counts(), before)), 60)
    assert l.ofctl("s1", "dump-ports", "br-int", "h1") != port
    events = l.weft("show", "events")["events"]
    assert {"config", "port", "host"} <= {e["kind"] for e in events}
    assert [e["id"] for e in events] == list(range(events[0]["id"], events[0]["id"] + len(events)))
    assert l.weft("show", "events")["last_id"] == l.status()["last_event_id"]
