# SPDX-License-Identifier: Apache-2.0
"""Trunks between hosts: native and tagged networks on one port, and networks
that have another VLAN id on every uplink."""
from frames import Wire, arp_request, has, udp, vlan
from weftlab import run, wait_for

OVERLAY = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  native: {subnet: 10.40.0.0/24, ports: [k1:tr, k2:pn]}
  eleven: {subnet: 10.41.0.0/24, ports: [{port: k1:tr, tag: 11}, k2:pe]}
  twelve: {subnet: 10.42.0.0/24, ports: [{port: k1:tr, tag: 12}, {port: k2:pt, tag: 99}]}
"""


def stand(l, vm, network):
    return next(n for n in l.vm(vm)["networks"] if n["network"] == network)


def test_one_vm_port_native_and_tagged_across_hosts(lab):
    l = lab(OVERLAY)
    for network, other in (("native", "pn"), ("eleven", "pe"), ("twelve", "pt")):
        assert l.exec("tr", "ping", "-n", "-q", "-c", "2", "-i", "0.1", "-w", "4", stand(l, other, network)["ip"],
                      check=False).returncode == 0, network
    with l.wire("tr") as tr, l.wire("pn") as pn, l.wire("pe") as pe, l.wire("pt") as pt:
        ends = {"pn": (pn, b""), "pe": (pe, b""), "pt": (pt, vlan(99))}
        mac = l.vm("tr")["mac"]
        for there, tag, octet in (("pn", b"", 240), ("pe", vlan(11), 241), ("pt", vlan(12), 242)):
            tr.send(arp_request(mac, "10.40.0.1", f"10.40.0.{octet}", tags=tag))
            wire, out_tag = ends[there]
            frame = wire.wait(has(bytes([10, 40, 0, octet])))
            assert frame and frame[12:].startswith(out_tag + b"\x08\x06"), (there, frame)
            for name, (wire, _) in ends.items():
                assert wire.count(has(bytes([10, 40, 0, octet]))) == (name == there), (name, there)
    assert {(h["network"], h["where"]) for h in l.hosts() if h["mac"] == mac} == \
        {("native", "k1:tr"), ("eleven", "k1:tr"), ("twelve", "k1:tr")}


UPLINKS = """version: 1
switches: {k1: {dpid: 0x11}, k2: {dpid: 0x12}}
networks:
  office:
    subnet: 10.20.0.0/24
    transport: vlan
    vlan: 30
    uplinks: [k1:up1, {port: k2:up2, vlan: 31}]
    ports: [k1:a1, {port: k2:a2, tag: 30}]
  other:
    transport: vlan
    uplinks: [{port: k1:up1, vlan: 31}, {port: k2:up2, vlan: 30}]
    ports: [k1:o1, k2:o2]
"""


def test_one_network_with_another_vlan_on_each_uplink(lab):
    l = lab(UPLINKS)
    lan = l.map["lan"]
    plug = {u["switch"]: u["lan_port"] for u in lan["uplinks"]}
    with Wire(lan["ns"], plug["k1"]) as tap1, Wire(lan["ns"], plug["k2"]) as tap2, \
            l.wire("a1") as a1, l.wire("a2") as a2, l.wire("o1") as o1, l.wire("o2") as o2:
        # What leaves by each uplink has that uplink's id; a2's own tag is something else.
        for wire, tap, mac, tags, vid in ((a1, tap1, l.vm("a1")["mac"], b"", 30),
                                          (a2, tap2, l.vm("a2")["mac"], vlan(30), 31),
                                          (o1, tap1, l.vm("o1")["mac"], b"", 31),
                                          (o2, tap2, l.vm("o2")["mac"], b"", 30)):
            tap.forget()
            wire.send(arp_request(mac, "10.20.0.9", "10.20.0.240", tags=tags))
            frame = tap.wait(has(bytes([10, 20, 0, 240])))
            assert frame and frame[12:18] == vlan(vid) + b"\x08\x06", (vid, frame)
        # And so it is taken in: 30 from the LAN is office at k1 and other at k2.
        for wire in (a1, a2, o1, o2):
            wire.forget()
        with Wire(lan["ns"], lan["bridge"]) as there:
            there.send(arp_request("02:00:00:00:88:01", "10.20.0.9", "10.20.0.241", tags=vlan(30)))
        marker = has(bytes([10, 20, 0, 241]))
        assert a1.wait(marker) and o2.wait(marker)
        assert not a2.count(marker) and not o1.count(marker)
    # A physical network that numbers both sides alike joins them.
    run("ip", "netns", "exec", lan["ns"], "nft", "-f", "-", input=f"""table netdev t {{
        chain in {{ type filter hook ingress device {plug['k2']} priority 0;
            vlan id 31 vlan id set 4000
            vlan id 30 vlan id set 31
            vlan id 4000 vlan id set 30
        }}
        chain out {{ type filter hook egress device {plug['k2']} priority 0;
            vlan id 31 vlan id set 4000
            vlan id 30 vlan id set 31
            vlan id 4000 vlan id set 30
        }}
    }}
    """)
    wait_for("a1 reaches a2", lambda: l.ping("a1", "a2"))
    assert l.ping("a2", "a1")
    assert {h["where"] for h in l.hosts() if h["network"] == "office"} >= {"k1:a1", "k2:a2"}


# --- tags of guests ------------------------------------------------------------------

QINQ = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  carrier: {tags: pass, subnet: 10.50.0.0/24, ports: [k1:c1, k1:d1, k2:c2, {port: k2:tr, tag: 40}]}
  plain: {subnet: 10.51.0.0/24, ports: [k1:p1, k2:p2, {port: k2:tr, tag: 41}]}
  twelve: {ports: [k1:q1, {port: k1:p1, tag: 12}, {port: k2:p2, tag: 12}]}
  trunked: {tags: pass, transport: vlan, vlan: 60, uplinks: [k1:up1, k2:up2], ports: [k1:e1, k2:e2]}
"""


def drops(l, host, table, words):
    return sum(int(f.split("n_packets=")[1].split(",")[0]) for f in l.flows(host, f"table={table}")
               if "actions=drop" in f and all(w in f for w in words))


def test_tags_of_guests_pass_unchanged(lab):
    l = lab(QINQ)
    l.ping_all(("c1", "d1", "c2"))
    mac = {n: l.vm(n)["mac"] for n in ("c1", "d1", "c2", "tr")}
    with l.wire("c1") as c1, l.wire("d1") as d1, l.wire("c2") as c2, l.wire("tr") as tr, \
            Wire(l.map["underlay"]["ns"], l.map["hosts"]["k1"]["underlay_port"]) as tap:
        tap.forget()
        # Broadcast: one tag, two tags, a priority tag; on the same host, through the tunnel, on a trunk.
        for octet, tags in ((240, vlan(77)), (241, vlan(77) + vlan(78)), (242, vlan(0, 5)), (243, b"")):
            marker = has(bytes([10, 50, 0, octet]))
            c1.send(arp_request(mac["c1"], "10.50.0.9", f"10.50.0.{octet}", tags=tags))
            for name, wire, outer in (("d1", d1, b""), ("c2", c2, b""), ("tr", tr, vlan(40))):
                frame = wire.wait(marker)
                if len(tags) == 8 and outer:
                    continue            # three tags: no promise
                assert frame and frame[12:].startswith(outer + tags + b"\x08\x06"), (octet, name, frame)
            frame = tap.wait(marker)
            assert frame[50 + 12:].startswith(tags + b"\x08\x06"), "the inner frame of the tunnel"
        # Unicast both ways between an access port and a trunk: the host is known, so nobody else hears it.
        tr.send(arp_request(mac["tr"], "10.50.0.8", "10.50.0.244", tags=vlan(40) + vlan(77)))
        l.wait_host(mac["tr"], "k2:tr")
        l.wait_rest()
        for w in (c1, d1, c2, tr):
            w.forget()
        c1.send(udp(mac["tr"], mac["c1"], b"to-the-trunk", tags=vlan(77)))
        frame = tr.wait(has(b"to-the-trunk"))
        assert frame and frame[12:].startswith(vlan(40) + vlan(77) + b"\x08\x00"), frame
        tr.send(udp(mac["c1"], mac["tr"], b"to-the-access-port", tags=vlan(40) + vlan(77)))
        frame = c1.wait(has(b"to-the-access-port"))
        assert frame and frame[12:].startswith(vlan(77) + b"\x08\x00"), frame
        for w in (d1, c2):
            assert not w.count(has(b"to-the-trunk")) and not w.count(has(b"to-the-access-port"))


def test_tags_of_guests_pass_under_the_tag_of_an_uplink(lab):
    l = lab(QINQ)
    lan = l.map["lan"]
    plug = next(u["lan_port"] for u in lan["uplinks"] if u["switch"] == "k1")
    with l.wire("e1") as e1, l.wire("e2") as e2, Wire(lan["ns"], plug) as tap:
        for tags, octet in ((vlan(77), 240), (b"", 241)):
            marker = has(bytes([10, 60, 0, octet]))
            tap.forget()
            e1.send(arp_request(l.vm("e1")["mac"], "10.60.0.9", f"10.60.0.{octet}", tags=tags))
            frame = e2.wait(marker)
            assert frame and frame[12:].startswith(tags + b"\x08\x06"), frame
            frame = tap.wait(marker)
            assert frame and frame[12:].startswith(vlan(60) + tags + b"\x08\x06"), frame


def test_a_second_tag_is_no_way_into_another_network(lab):
    """plain drops tags, also one behind a priority tag or behind its own: at
    p1 and p2 tag 12 is another network."""
    l = lab(QINQ)
    for limit, row in (("2", "vlan_tci=0x1000/0x1000"), ("1", "dl_type=0x8100")):
        # 1 is what a bridge has where nobody set it.
        l.vsctl("k2", "set", "Open_vSwitch", ".", f"other_config:vlan-limit={limit}")
        with l.wire("p1") as p1, l.wire("p2") as p2, l.wire("tr") as tr, l.wire("q1") as q1:
            def goes():
                # With 2 a frame of the same kind would open the way: docs/howto/trunks.md.
                tr.send(arp_request(l.vm("tr")["mac"], "10.51.0.9", "10.51.0.240", tags=vlan(41)) if limit == "1" else
                        udp("ff:ff:ff:ff:ff:ff", l.vm("tr")["mac"], bytes([10, 51, 0, 240]), tags=vlan(41)))
                return p1.wait(has(bytes([10, 51, 0, 240])), 0.5)

            wait_for("the way itself is open", goes)
            p2.send(arp_request(l.vm("p2")["mac"], "10.51.0.9", "10.51.0.241", tags=vlan(0) + vlan(12)))
            tr.send(arp_request(l.vm("tr")["mac"], "10.51.0.9", "10.51.0.242", tags=vlan(41) + vlan(12)))
            wait_for(f"both are counted (vlan-limit {limit})", lambda: drops(l, "k2", 60, ["reg10=0", row]) == 2, 8)
            # A later frame on the same way has come: the earlier ones did not.
            tr.send(arp_request(l.vm("tr")["mac"], "10.51.0.9", "10.51.0.243", tags=vlan(41)))
            assert p1.wait(has(bytes([10, 51, 0, 243])))
            for octet in (241, 242):
                for w in (p1, p2, q1):
                    assert not w.count(has(bytes([10, 51, 0, octet]))), (limit, octet)
