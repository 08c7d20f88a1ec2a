# SPDX-License-Identifier: Apache-2.0
"""What a tag keeps on its way, as docs/explanation/packet.md says."""
from frames import BROADCAST, Wire, arp_request, has, udp, vlan
from t1 import t1
from weftlab import paths_rest, wait_for

VID = 100
SENDER, RECEIVER = "02:7a:00:00:00:01", "02:7a:00:00:00:02"
DROP_ELIGIBLE = 1 << 12


def test_what_a_tag_keeps(lab):
    """A frame leaves with the tag that the file gives the port, and the priority of the one it had."""
    cases = {
        "priority": (vlan(VID, pcp=5), vlan(VID, pcp=5)),
        "none": (vlan(VID), vlan(VID)),
        "drop-eligible": (vlan(VID | DROP_ELIGIBLE, pcp=1), vlan(VID, pcp=1)),
        "service-tag": (b"\x88\xa8" + vlan(VID, pcp=6)[2:], vlan(VID, pcp=6)),
    }
    l = lab(t1(hosts=2, tag=VID))
    with l.wire("h1") as w1, l.wire("h2") as w2:
        w2.send(arp_request(RECEIVER, "10.0.0.2", "10.0.0.9", tags=vlan(VID)))
        l.wait_host(RECEIVER)
        l.wait_rest()
        for name, (tags, kept) in cases.items():
            w1.send(udp(RECEIVER, SENDER, name.encode(), tags=tags))
            frame = w2.wait(has(name.encode()))
            assert frame and frame[12:16] == kept, (name, frame)
            assert frame[16:].startswith(b"\x08\x00"), (name, frame)
        # A second tag is no guest's here; a frame of the same kind without one has just gone that way.
        w1.send(udp(RECEIVER, SENDER, b"tag-below", tags=vlan(VID) + vlan(7, pcp=3)))
        wait_for("it is counted", lambda: l.packets("s1", "table=60,dl_type=0x8100"))
        assert not w2.count(has(b"tag-below"))


WAYS = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
links:
  - {between: [k1:l1, k2:l1]}
  - {between: [k1, k3]}
  - {between: [k2, k3]}
networks:
  one: {ports: [{port: k1:h1, tag: 100}, k1:h2, {port: k2:h3, tag: 200}, {port: k3:h4, tag: 300}]}
  two: {transport: vlan, vlan: 60, uplinks: [k1:up1], ports: [{port: k1:h1, tag: 61}]}
"""


def test_priority_on_every_way(lab):
    """Over a cable between switches and to the LAN and back; a priority tag counts; a tunnel has no place for it."""
    l = lab(WAYS)
    lan = l.map["lan"]
    mac = {n: l.vm(n)["mac"] for n in ("h1", "h3", "h4")}
    with l.wire("h1") as h1, l.wire("h2") as h2, l.wire("h3") as h3, l.wire("h4") as h4, \
            Wire(lan["ns"], lan["uplinks"][0]["lan_port"]) as tap, Wire(lan["ns"], lan["bridge"]) as machine:
        for wire, name, tag in ((h3, "h3", 200), (h4, "h4", 300)):
            wire.send(arp_request(mac[name], "10.0.0.3", "10.0.0.9", tags=vlan(tag)))
            l.wait_host(mac[name])
        paths_rest(l)                           # until then frames may go round by the tunnels
        for n, (wire, src, tags, dst, ends) in enumerate((
                (h1, mac["h1"], vlan(100, pcp=5), mac["h3"], {h3: vlan(200, pcp=5)}),
                (h1, mac["h1"], vlan(100, pcp=5), mac["h4"], {h4: vlan(300)}),
                (h1, mac["h1"], vlan(100, pcp=4), BROADCAST, {h2: b"", h3: vlan(200, pcp=4), h4: vlan(300)}),
                (h2, SENDER, vlan(0, pcp=3), mac["h3"], {h3: vlan(200, pcp=3)}),
                (h2, SENDER, b"", mac["h3"], {h3: vlan(200)}),
                (h1, mac["h1"], vlan(61, pcp=7), BROADCAST, {tap: vlan(60, pcp=7)}),
                (machine, RECEIVER, vlan(60, pcp=2), mac["h1"], {h1: vlan(61, pcp=2)}))):
            what = f"frame-{n}".encode()
            for end in ends:
                end.forget()
            wire.send(udp(dst, src, what, tags=tags))
            for end, kept in ends.items():
                frame = end.wait(has(what))
                assert frame and frame[12:].startswith(kept + b"\x08\x00"), (n, frame)
