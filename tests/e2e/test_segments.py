# SPDX-License-Identifier: Apache-2.0
"""Three hosts with four VMs each, in three networks: tunnels only, tunnels and a
physical segment by one gateway, and a VLAN on the hosts' own uplinks. Every pair
inside, nothing across, nothing twice, nothing back; known hosts cost nothing."""
from frames import arp_request, has, udp
from test_vxlan import n_punts

SEGMENTS = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
networks:
  cloud: {subnet: 10.20.0.0/24, ports: [k1:c1, k2:c2, k2:d2, k3:c3]}
  floor:
    subnet: 10.30.0.0/24
    physical: {port: k2:eno2, vlan: 30}
    ports: [k1:f1, k1:g1, k2:f2, k3:f3]
  trunk:
    subnet: 10.40.0.0/24
    transport: vlan
    vlan: 40
    uplinks: [k1:up, k2:up, k3:up]
    ports: [k1:t1, k2:t2, k3:t3, k3:u3]
x-lab:
  machines:
    printer: {network: floor}
"""
NETWORKS = {"cloud": ("c1", "c2", "d2", "c3"), "floor": ("f1", "g1", "f2", "f3", "printer"), "trunk": ("t1", "t2", "t3", "u3")}
ALL = [name for names in NETWORKS.values() for name in names]
TAG = {"printer": b"\x81\x00\x00\x1e"}


def count(wires, name, mark):
    """Frames at its port; a machine's port sees all of the LAN, so: those with its tag."""
    return wires[name].count(lambda f: mark(f) and (name not in TAG or f[12:16] == TAG[name]))


def put(l, wires, who, frame):
    wires[who].send(frame[:12] + TAG.get(who, b"") + frame[12:])


def test_every_pair_inside_and_nothing_across(lab):
    l = lab(SEGMENTS)
    for names in NETWORKS.values():
        l.ping_all(names)
    l.wait_rest()
    wires = {name: l.wire(name) for name in ALL}
    before = n_punts(l)
    n_pairs = 0
    for names in NETWORKS.values():
        for who in names:
            for wire in wires.values():
                wire.forget()
            # To all: an address that nobody has, in the network of `who`.
            unused = l.ip(who).rsplit(".", 1)[0] + ".254"
            put(l, wires, who, arp_request(l.vm(who)["mac"], l.ip(who), unused))
            mark = has(bytes(int(n) for n in unused.split(".")))
            # To each one in turn, also to those of other networks by the address they have there.
            for to in ALL:
                if to != who:
                    put(l, wires, who, udp(l.vm(to)["mac"], l.vm(who)["mac"], f"<{who}-{to}>".encode()))
            for to in names:
                if to != who:
                    assert wires[to].wait(mark), f"{to} does not hear {who}"
                    assert wires[to].wait(has(f"<{who}-{to}>".encode())), f"{to} gets nothing of {who}"
            heard = {name: count(wires, name, mark) for name in ALL}
            assert heard == {name: int(name in names and name != who) for name in ALL}, (who, heard)
            for to in names:
                if to != who:
                    n_pairs += 1
                    got = {name: count(wires, name, has(f"<{who}-{to}>".encode())) for name in ALL}
                    assert got == {name: int(name == to) for name in ALL}, (who, to, got)
            strangers = [(who, to, name) for to in ALL if to not in names for name in ALL
                         if name not in names and count(wires, name, has(f"<{who}-{to}>".encode()))]
            assert not strangers, f"frames that crossed: {strangers}"
    # Who was known was not asked about.
    assert n_punts(l) == before
    print(f"{n_pairs} pairs in 3 networks, each one frame at one port; punts: 0")
