# SPDX-License-Identifier: Apache-2.0
"""VTEPs that weft does not control: plain VXLAN devices of the Linux kernel."""
import json
import re
import subprocess

import pytest

from agree import explain, trace_says
from frames import Wire, arp_request, has, udp
from test_vxlan import over_ipv6, underlay_tap, vxlan_frame
from weftlab import WEFT, run, wait_for

VTEPS = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  office: {vni: 10020, subnet: 10.20.0.0/24, ports: [k1:a1, k1:b1, k2:a2]}
  alone: {vni: 10030, subnet: 10.30.0.0/24, ports: [k1:l1]}
  closed: {vni: 10040, subnet: 10.40.0.0/24, ports: [k1:c1, k2:c2]}
vteps:
  nas: {vtep: 10.99.0.50, networks: [office, alone], macs: ["02:aa:00:00:00:50"]}
  tor: {vtep: 10.99.0.51, networks: [office]}
"""
IPV6 = over_ipv6(VTEPS)


def address(l, vm, network):
    return next(n["ip"] for n in l.vm(vm)["networks"] if n["network"] == network)


def reaches(l, a, b, network="office"):
    return l.exec(a, "ping", "-n", "-q", "-i", "0.1", "-c", "2", "-w", "4", address(l, b, network),
                  check=False).returncode == 0


def vx(l, vm, network):
    return Wire(l.vm(vm)["ns"], next(n["dev"] for n in l.vm(vm)["networks"] if n["network"] == network))


@pytest.mark.parametrize("text", [VTEPS, IPV6], ids=["ipv4", "ipv6"])
def test_ping_and_tcp_both_ways(lab, text):
    l = lab(text)
    assert l.vm("nas")["mac"] == "02:aa:00:00:00:50"
    for vm in ("a1", "b1", "a2"):
        for foreign in ("nas", "tor"):
            assert reaches(l, vm, foreign), (vm, foreign)
            assert reaches(l, foreign, vm), (foreign, vm)
    assert reaches(l, "l1", "nas", "alone") and reaches(l, "nas", "l1", "alone")
    assert json.loads(run(WEFT, "lab", "ping", "--json", "--dir", l.dir).stdout)["ok"]
    for server, client in (("nas", "a2"), ("a1", "nas"), ("tor", "a1")):
        there = subprocess.Popen(["ip", "netns", "exec", l.vm(server)["ns"], "iperf3", "-s", "-1", "-J"],
                                 stdout=subprocess.PIPE, text=True)
        l.children.append(there)
        wait_for("iperf3 listens", lambda: ":5201" in l.exec(server, "ss", "-Hlnt").stdout)
        mbit = re.search(r'"sum_received":\s*{[^}]*"bits_per_second":\s*([\d.e+]+)', l.exec(
            client, "iperf3", "-c", address(l, server, "office"), "-t", "1", "-J").stdout)
        print(f"{client} -> {server}: {float(mbit.group(1)) / 1e6:.0f} Mbit/s")
        assert float(mbit.group(1)) > 20e6
        there.wait(10)
    # Nothing of it was learned: the file says who is where, or nobody does.
    assert not {h["mac"] for h in l.hosts()} & {l.vm("nas")["mac"], l.vm("tor")["mac"]}
    assert l.status()["verdict"] == "ok", l.status()["problems"]
    networks = {n["name"]: n for n in l.weft("show", "networks")["networks"]}
    assert networks["office"]["vteps"] == ["nas", "tor"] and networks["closed"]["vteps"] == []
    assert networks["alone"]["transport"] == "vxlan"


def test_explain_from_there(lab):
    """What comes out of a foreign tunnel is judged like anything else: explain and packets say the same."""
    l = lab(VTEPS)
    for vm in ("a1", "a2"):
        assert reaches(l, "nas", vm)
    nas = f"{l.vm('nas')['mac']},{address(l, 'nas', 'office')}"

    def ask(vm, *more):
        return explain(l, "office/nas", address(l, vm, "office"), *more)

    def agrees(vm, passes):
        answer = ask(vm, "icmp", "--as", nas)
        assert (answer["verdict"] == "reachable") == passes == reaches(l, "nas", vm), answer
        [leg] = answer["directions"][0]["legs"]
        assert leg["steps"][0]["text"] == "in by the tunnel from nas (10.99.0.50)", leg
        assert trace_says(l, leg) == passes, leg
        return answer

    for vm in ("a1", "a2"):
        agrees(vm, True)
        answer = ask(vm, "ethernet")
        assert [d["verdict"] for d in answer["directions"]] == ["reachable"] * 2, answer
        assert [n["kind"] for n in answer["notes"]] == ["foreign-vtep", "mtu"], answer["notes"]
    text = VTEPS.replace("k1:a1", "{port: k1:a1, acl_out: shy}")
    l.edit(text + "acls:\n  shy:\n    - {deny: icmp, name: no-ping}\n    - {allow: any}\n")
    assert "no-ping" in agrees("a1", False)["directions"][0]["causes"][0]["text"]
    agrees("a2", True)


def test_broadcast_both_ways_and_split_horizon(lab):
    l = lab(VTEPS)
    assert reaches(l, "a1", "a2") and reaches(l, "nas", "a1") and reaches(l, "tor", "a1")
    names = ("a1", "b1", "a2")
    wires = {n: l.wire(n) for n in (*names, "l1", "c1", "c2")}
    with vx(l, "nas", "office") as nas, vx(l, "nas", "alone") as nas_alone, vx(l, "tor", "office") as tor:
        for w in (*wires.values(), nas, nas_alone, tor):
            w.forget()
        marker = bytes([10, 20, 0, 240])
        wires["a1"].send(arp_request(l.vm("a1")["mac"], address(l, "a1", "office"), "10.20.0.240"))
        for w in (wires["b1"], wires["a2"], nas, tor):
            assert w.wait(has(marker))
        for w in (wires["b1"], wires["a2"], nas, tor):
            assert w.count(has(marker)) == 1
        for w in (wires["a1"], wires["l1"], wires["c1"], wires["c2"], nas_alone):
            assert not w.count(has(marker))
        # From a foreign VTEP: once to each local port, and to tor once, by itself: not on by a switch.
        back = bytes([10, 20, 0, 241])
        nas.send(arp_request(l.vm("nas")["mac"], address(l, "nas", "office"), "10.20.0.241"))
        for n in names:
            assert wires[n].wait(has(back)), n
        # tor has heard something since; nas asked before that.
        wires["a2"].send(arp_request(l.vm("a2")["mac"], address(l, "a2", "office"), "10.20.0.242"))
        assert tor.wait(has(bytes([10, 20, 0, 242])))
        for n in names:
            assert wires[n].count(has(back)) == 1, n
        assert tor.count(has(back)) == 1, "a switch sent on what came by a tunnel"
        for w in (nas, nas_alone, wires["l1"], wires["c1"]):
            assert not w.count(has(back))
        # Unicast: to a listed host there only; to one that is not listed, by a flood.
        with underlay_tap(l, "k1") as tap:
            wires["a1"].send(udp(l.vm("nas")["mac"], l.vm("a1")["mac"], b"to-nas-only"))
            assert nas.wait(has(b"to-nas-only"))
            wires["a1"].send(udp(l.vm("tor")["mac"], l.vm("a1")["mac"], b"to-whom-it-may"))
            assert tor.wait(has(b"to-whom-it-may")) and nas.wait(has(b"to-whom-it-may"))
            assert wires["a2"].wait(has(b"to-whom-it-may"))
            assert tap.count(has(b"to-nas-only")) == 1 and tap.count(has(b"to-whom-it-may")) == 3
        assert not wires["a2"].count(has(b"to-nas-only")) and not tor.count(has(b"to-nas-only"))
    for w in wires.values():
        w.close()


def drops(l, priority, words=""):
    return sum(int(re.search(r"n_packets=(\d+)", f).group(1)) for f in l.flows("k1")
               if "actions=drop" in f and f"priority={priority}," in f and words in f)


def test_only_its_networks_and_its_hosts(lab):
    l = lab(VTEPS)
    assert reaches(l, "nas", "a1")
    inner = lambda data: udp(l.vm("c1")["mac"], "02:00:00:00:77:01", data)
    with Wire(l.map["underlay"]["ns"], l.map["hosts"]["k1"]["underlay_port"]) as cable, \
            l.wire("c1") as c1, l.wire("a1") as a1, l.wire("l1") as l1, l.wire("a2") as a2:
        for w in (c1, a1, l1, a2):
            w.forget()
        cable.send(vxlan_frame(l, "10.99.0.50", "k1", 10040, inner(b"not-its-network")))
        cable.send(vxlan_frame(l, "10.99.0.51", "k1", 10030, inner(b"not-tors-network")))
        cable.send(vxlan_frame(l, "10.99.0.52", "k1", 10020, inner(b"a-stranger")))
        cable.send(vxlan_frame(l, "10.99.0.50", "k1", 777, inner(b"no-such-vni")))
        cable.send(vxlan_frame(l, "10.99.0.51", "k1", 10020, inner(b"from-tor")))
        assert a1.wait(has(b"from-tor"))
        for w, data in ((c1, b"not-its-network"), (l1, b"not-tors-network"), (a1, b"a-stranger"),
                        (a1, b"no-such-vni")):
            assert not w.count(has(data)), data
        wait_for("each is counted on the row of its network", lambda: (
            drops(l, 45, "tun_id=0x2738") == 1 and drops(l, 45, "tun_id=0x272e") == 1
            and drops(l, 45, "tun_id=0x2724") == 1 and drops(l, 35) == 1))
        # No port may claim the address of a host that the file puts behind it.
        a1.send(arp_request(l.vm("nas")["mac"], "10.20.0.9", "10.20.0.243"))
        wait_for("the claim is counted", lambda: drops(l, 350, "dl_src=02:aa:00:00:00:50") == 1)
        assert not a2.count(has(bytes([10, 20, 0, 243])))
    assert not {h["mac"] for h in l.hosts()} & {l.vm("nas")["mac"], "02:00:00:00:77:01"}


def test_added_and_removed_under_way(lab):
    """An edit alone: the device is there, weft does not know it, then it does, then not."""
    without = VTEPS.split("vteps:")[0] + "x-" + "vteps:" + VTEPS.split("vteps:")[1]
    l = lab(VTEPS)
    assert reaches(l, "a1", "nas")

    def rows():
        return [len([f for f in l.flows(k) if re.search("10.99.0.5|dl_(src|dst)=02:aa:00:00:00:50", f)])
                for k in ("k1", "k2")]

    before = rows()
    assert before[0] > before[1] > 5
    l.edit(without)
    assert not reaches(l, "a1", "nas")
    assert rows() == [0, 0]
    l.edit(VTEPS)
    wait_for("nas is back", lambda: reaches(l, "a1", "nas"), 20)
    assert rows() == before


ISLAND = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
  k3: {dpid: 0x13, vtep: 10.99.0.3}
links: [{between: [k1:l12, k2:l12]}]
networks:
  office: {vni: 10020, subnet: 10.20.0.0/24, ports: [k1:a1, k2:a2, k3:a3]}
vteps:
  nas: {vtep: 10.99.0.50, networks: [office], macs: ["02:aa:00:00:00:50"]}
"""


def test_switches_with_a_cable_take_a_flood_once(lab):
    """nas floods to all three; of k1 and k2 one takes it in, and sends it on by the cable."""
    l = lab(ISLAND)
    names = ("a1", "a2", "a3")
    for n in names:
        wait_for(f"{n} reaches nas", lambda n=n: reaches(l, n, "nas"), 15)
        assert reaches(l, "nas", n), n
    l.ping_all(names)
    wires = {n: l.wire(n) for n in names}
    with vx(l, "nas", "office") as nas:
        for w in (*wires.values(), nas):
            w.forget()
        nas.send(arp_request(l.vm("nas")["mac"], address(l, "nas", "office"), "10.20.0.240"))
        # To nobody: the kernel does not know it either and floods it.
        nas.send(udp("02:00:00:00:77:77", l.vm("nas")["mac"], b"to-nobody"))
        for n in names:
            assert wires[n].wait(has(bytes([10, 20, 0, 240]))) and wires[n].wait(has(b"to-nobody")), n
        for n in names:
            wires[n].send(udp(l.vm("nas")["mac"], l.vm(n)["mac"], b"from-" + n.encode()))
            assert nas.wait(has(b"from-" + n.encode())), n
        for n in names:
            assert nas.count(has(b"from-" + n.encode())) == 1, n
            assert wires[n].count(has(bytes([10, 20, 0, 240]))) == wires[n].count(has(b"to-nobody")) == 1, n
        assert not nas.count(has(b"to-nobody")) and not nas.count(has(bytes([10, 20, 0, 240])))
    for w in wires.values():
        w.close()
