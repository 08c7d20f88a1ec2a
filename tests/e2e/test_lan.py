# SPDX-License-Identifier: Apache-2.0
"""Three hosts that carry one VLAN on their uplinks: across hosts, no tunnel."""
from frames import Wire, arp_request, has, udp, vlan
from test_restart import LAN3
from weftlab import wait_for


def test_all_pairs_across_hosts_and_unicast_is_not_flooded(lab):
    l = lab(LAN3)
    l.ping_all()
    l.wait_rest()
    names = ("a1", "b1", "a2", "a3")
    wires = {n: l.wire(n) for n in names}
    for w in wires.values():
        w.forget()
    wires["a1"].send(udp(l.vm("a2")["mac"], l.vm("a1")["mac"], b"for-a2-only"))
    assert wires["a2"].wait(has(b"for-a2-only"))
    wires["a1"].send(arp_request(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.240"))
    for n in ("b1", "a2", "a3"):
        assert wires[n].wait(has(bytes([10, 20, 0, 240]))), n
        assert wires[n].count(has(bytes([10, 20, 0, 240]))) == 1, "a broadcast came twice"
    assert not wires["a1"].count(has(bytes([10, 20, 0, 240]))), "a broadcast came back"
    for n in ("a1", "b1", "a3"):
        assert not wires[n].count(has(b"for-a2-only")), n
    where = {h["mac"]: h["where"] for h in l.hosts()}
    assert where[l.vm("a1")["mac"]] == "k1:a1" and where[l.vm("a2")["mac"]] == "k2:a2"


def test_frames_on_the_lan_carry_the_tag(lab):
    l = lab(LAN3)
    lan = l.map["lan"]
    port = next(u["lan_port"] for u in lan["uplinks"] if u["switch"] == "k1")
    with Wire(lan["ns"], port) as tap, l.wire("a1") as a1:
        tap.forget()
        a1.send(arp_request(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.241"))
        frame = tap.wait(has(bytes([10, 20, 0, 241])))
        assert frame and frame[12:16] == vlan(20), frame


def moves_between_hosts(l):
    """A MAC that shows up on another host is there, and nowhere else."""
    mac = "02:00:00:00:31:01"
    with l.wire("b1") as b1, l.wire("a3") as a3, l.wire("a2") as a2:
        b1.send(arp_request(mac, "10.20.0.99", "10.20.0.98"))
        l.wait_host(mac, "k1:b1")
        a3.send(arp_request(mac, "10.20.0.99", "10.20.0.98"))
        l.wait_host(mac, "k3:a3")
        l.wait_rest()
        for w in (b1, a3):
            w.forget()
        a2.send(udp(mac, l.vm("a2")["mac"], b"to-the-mover"))
        assert a3.wait(has(b"to-the-mover"))
        assert not b1.count(has(b"to-the-mover"))
    assert not any(mac in f for f in l.flows("k1", "table=60"))


def test_live_move_between_hosts(lab):
    l = lab(LAN3)
    l.ping_all()
    moves_between_hosts(l)


def test_a_move_behind_the_lan(lab):
    """As docs/explanation/packet.md says: what comes by an uplink is not learned, but a host of
    ours that goes on speaking there, while its port stays up, is forgotten where it was: VRRP."""
    l = lab(LAN3)
    lan, mac = l.map["lan"], "00:00:5e:00:01:07"
    port = next(u["lan_port"] for u in lan["uplinks"] if u["switch"] == "k1")
    with Wire(lan["ns"], port) as machine, l.wire("b1") as b1, l.wire("a1") as a1:
        b1.send(arp_request(mac, "10.20.0.99", "10.20.0.98"))
        l.wait_host(mac, "k1:b1")
        l.wait_rest()

        def hears_unicast(wire, mark):
            wire.forget()
            a1.send(udp(mac, l.vm("a1")["mac"], mark))
            return wire.wait(has(mark), 2)

        def advertise():
            machine.send(arp_request(mac, "10.20.0.99", "10.20.0.97", tags=vlan(20)))
            return mac not in {h["mac"] for h in l.hosts()}

        advertise()
        assert a1.wait(has(bytes([10, 20, 0, 97]))), "what the LAN says is heard in any case"
        assert hears_unicast(b1, b"to-the-vm")
        wait_for("it is forgotten", advertise, 5, 0.2)
        l.wait_rest()
        frame = hears_unicast(machine, b"to-the-mover")
        assert frame and frame[12:16] == vlan(20), frame
        # And back.
        b1.send(arp_request(mac, "10.20.0.99", "10.20.0.98"))
        l.wait_host(mac, "k1:b1")
