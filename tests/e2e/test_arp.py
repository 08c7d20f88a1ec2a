# SPDX-License-Identifier: Apache-2.0
"""Quiet broadcast: questions for known hosts are answered where they are asked;
two hosts with one address are told."""
import re
import signal
import socket
import struct

from agree import known_by_link_local
from frames import BROADCAST, Wire, arp_request, ethernet, has, mac_bytes, vlan
from test_restart import LAN3
from test_vxlan import LAB, OFFICE, VXLAN3, everybody_talks, n_punts, rows, underlay_tap
from weftlab import run, wait_for

ONE = """version: 1
switches: {k1: {dpid: 0x11}}
networks:
  office: {subnet: 10.20.0.0/24, %s ports: ["k1:a1", "k1:b1", {port: "k1:t1", tag: 7}]}
"""


# --- frames ----------------------------------------------------------------------------

def ip_bytes(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def arp(src, sender, target, op=1, dst=BROADCAST, tags=b""):
    return ethernet(dst, src, struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + mac_bytes(src) + ip_bytes(sender)
                    + bytes(6) + ip_bytes(target), 0x0806, tags)


def is_reply(ip, mac, to):
    """An ARP reply: that address is at that MAC."""
    return lambda f: (f[:6] == mac_bytes(to) and f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2"
                      and f[22:28] == mac_bytes(mac) and f[28:32] == ip_bytes(ip))


def is_question(sender, target):
    return lambda f: (f[12:14] == b"\x08\x06" and f[20:22] == b"\0\1" and f[28:32] == ip_bytes(sender)
                      and f[38:42] == ip_bytes(target))


def sum16(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def solicitation(src, sender, target):
    t = ip_bytes(target)
    dst = b"\xff\x02" + bytes(9) + b"\x01\xff" + t[13:]
    body = b"\x87\0\0\0" + bytes(4) + t + (b"\x01\x01" + mac_bytes(src) if sender != "::" else b"")
    pseudo = ip_bytes(sender) + dst + struct.pack("!II", len(body), 58)
    body = body[:2] + struct.pack("!H", ~sum16(pseudo + body) & 0xffff) + body[4:]
    return ethernet("33:33:" + ":".join(f"{b:02x}" for b in dst[12:]), src,
                    struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + ip_bytes(sender) + dst + body, 0x86dd)


def is_solicitation(target):
    return lambda f: f[12:14] == b"\x86\xdd" and f[20] == 58 and f[54] == 135 and f[62:78] == ip_bytes(target)


def is_advertisement(ip, mac, to):
    """As RFC 4861 wants it: whole, with the right checksum, solicited, overriding."""
    def check(f):
        if f[:6] != mac_bytes(to) or f[12:14] != b"\x86\xdd" or f[20] != 58 or f[54] != 136:
            return False
        pseudo = f[22:54] + struct.pack("!II", 32, 58)
        assert sum16(pseudo + f[54:86]) == 0xffff, "checksum"
        return (f[21] == 255 and f[58:62] == b"\x60\0\0\0" and f[62:78] == ip_bytes(ip)
                and f[78:80] == b"\x02\x01" and f[80:86] == mac_bytes(mac))
    return check


def ip6(l, vm):
    return l.vm(vm)["networks"][0]["ip6"]


def known(l, vm, *addresses):
    """Waits until the host is known by these addresses."""
    wait_for(f"{vm} is known by {addresses}", lambda: any(
        h["mac"] == l.vm(vm)["mac"] and set(addresses) <= set(h["addresses"]) for h in l.hosts()))


def open_wires(l, names):
    wires = {n: l.wire(n) for n in names}
    for w in wires.values():
        w.forget()
    return wires


def all_known(l, names):
    l.ping_all(names)
    for n in names:
        for other in names:
            if n != other:
                assert l.ping(n, other, v6=True), (n, other)
    for n in names:
        known(l, n, l.ip(n), ip6(l, n))
    l.wait_rest()


# --- who hears a question --------------------------------------------------------------

def test_one_switch(lab):
    l = lab(ONE % "")
    names = ("a1", "b1")
    all_known(l, names)
    punts = n_punts(l)
    wires = open_wires(l, names)
    a1, b1 = wires["a1"], wires["b1"]
    mac_a, mac_b = l.vm("a1")["mac"], l.vm("b1")["mac"]
    a1.send(arp(mac_a, l.ip("a1"), l.ip("b1")))
    assert a1.wait(is_reply(l.ip("b1"), mac_b, mac_a))
    a1.send(solicitation(mac_a, ip6(l, "a1"), ip6(l, "b1")))
    assert a1.wait(is_advertisement(ip6(l, "b1"), mac_b, mac_a))
    # Nobody known has that; what follows must be heard by all in any case.
    a1.send(arp(mac_a, l.ip("a1"), "10.20.0.240"))
    a1.send(arp(mac_a, l.ip("a1"), l.ip("a1")))                     # announces itself
    a1.send(arp(mac_a, "0.0.0.0", l.ip("b1")))                      # is it free? (RFC 5227)
    a1.send(solicitation(mac_a, "::", ip6(l, "b1")))                # is it free? (RFC 4862)
    a1.send(arp(mac_a, l.ip("a1"), l.ip("b1"), dst=mac_b))          # is b1 alive?
    for what in (is_question(l.ip("a1"), "10.20.0.240"), is_question(l.ip("a1"), l.ip("a1")),
                 is_question("0.0.0.0", l.ip("b1")), is_solicitation(ip6(l, "b1"))):
        assert b1.wait(what)
    assert b1.wait(lambda f: f[:6] == mac_bytes(mac_b) and is_question(l.ip("a1"), l.ip("b1"))(f))
    # The first questions, by broadcast, did not get there: only the last one by unicast.
    assert b1.count(is_question(l.ip("a1"), l.ip("b1"))) == 1
    assert b1.count(is_solicitation(ip6(l, "b1"))) == 1
    assert a1.count(is_advertisement(ip6(l, "b1"), mac_b, mac_a)) == 1
    assert n_punts(l) == punts, "known hosts are no news"
    for w in wires.values():
        w.close()


def test_the_answer_carries_the_tag_of_the_port(lab):
    l = lab(ONE % "")
    mac = "02:00:00:00:55:07"
    with Wire(l.vm("t1")["ns"]) as t1, l.wire("a1") as a1:
        a1.send(arp(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.240"))
        t1.send(arp(mac, "10.20.0.77", "10.20.0.241", tags=vlan(7)))
        wait_for("both are known", lambda: {"10.20.0.77", l.ip("a1")} <= {
            a for h in l.hosts() for a in h["addresses"]})
        l.wait_rest()
        t1.forget()
        t1.send(arp(mac, "10.20.0.77", l.ip("a1"), tags=vlan(7)))
        answer = t1.wait(lambda f: f[12:16] == vlan(7) and f[24:26] == b"\0\2")
        assert answer and answer[26:32] == mac_bytes(l.vm("a1")["mac"]), answer
        assert answer[:6] == mac_bytes(mac) and answer[32:36] == ip_bytes(l.ip("a1"))


def test_a_network_may_have_it_flooded(lab):
    l = lab(ONE % "arp: flood,")
    l.ping_all(("a1", "b1"))
    l.wait_rest()
    assert all(not h["addresses"] for h in l.hosts())
    assert not [f for f in l.flows("k1", "table=65") if "priority" in f and "priority=0" not in f]
    with l.wire("a1") as a1, l.wire("b1") as b1:
        a1.send(arp(l.vm("a1")["mac"], l.ip("a1"), l.ip("b1")))
        a1.send(solicitation(l.vm("a1")["mac"], ip6(l, "a1"), ip6(l, "b1")))
        assert b1.wait(is_question(l.ip("a1"), l.ip("b1")))
        assert b1.wait(is_solicitation(ip6(l, "b1")))
    # And back: what was said before is not known, what is said now is.
    l.edit(ONE % "")
    l.ping_all(("a1", "b1"))
    with l.wire("a1") as a1:
        a1.send(arp(l.vm("a1")["mac"], l.ip("a1"), "10.20.0.240"))
        known(l, "a1", l.ip("a1"))


def test_over_tunnels_nothing_leaves_the_host(lab):
    l = lab(VXLAN3)
    names = OFFICE
    everybody_talks(l)
    all_known(l, names)
    wires = open_wires(l, names)
    mac = {n: l.vm(n)["mac"] for n in names}
    punts = n_punts(l)
    with underlay_tap(l, "k1") as tap:
        for n in names[1:]:
            wires["a1"].send(arp(mac["a1"], l.ip("a1"), l.ip(n)))
            assert wires["a1"].wait(is_reply(l.ip(n), mac[n], mac["a1"])), n
            wires["a1"].send(solicitation(mac["a1"], ip6(l, "a1"), ip6(l, n)))
            assert wires["a1"].wait(is_advertisement(ip6(l, n), mac[n], mac["a1"])), n
        # A mark: when it has come out, so would have what was sent before it.
        wires["a1"].send(arp(mac["a1"], l.ip("a1"), "10.20.0.240"))
        assert tap.wait(has(ip_bytes("10.20.0.240")))
        for n in names[1:]:
            assert wires[n].wait(is_question(l.ip("a1"), "10.20.0.240")), n
            assert not wires[n].count(is_question(l.ip("a1"), l.ip(n))), f"{n} was asked"
            assert not wires[n].count(is_solicitation(ip6(l, n))), f"{n} was asked"
            assert not tap.count(lambda f: is_question(l.ip("a1"), l.ip(n))(f[50:])), "a question in the underlay"
            assert not tap.count(lambda f: is_solicitation(ip6(l, n))(f[50:])), "a question in the underlay"
    assert n_punts(l) == punts
    for w in wires.values():
        w.close()


def test_over_uplinks_nothing_leaves_the_host(lab):
    l = lab(LAN3)
    names = ("a1", "b1", "a2", "a3")
    all_known(l, names)
    lan = l.map["lan"]
    port = next(u["lan_port"] for u in lan["uplinks"] if u["switch"] == "k1")
    with Wire(lan["ns"], port) as tap, l.wire("a1") as a1, l.wire("a2") as a2:
        tap.forget()
        mac = l.vm("a1")["mac"]
        a1.send(arp(mac, l.ip("a1"), l.ip("a2")))
        assert a1.wait(is_reply(l.ip("a2"), l.vm("a2")["mac"], mac))
        a1.send(arp(mac, l.ip("a1"), "10.20.0.240"))
        assert tap.wait(has(ip_bytes("10.20.0.240")))
        assert not tap.count(has(ip_bytes(l.ip("a1")) + bytes(6) + ip_bytes(l.ip("a2"))))
        assert not a2.count(is_question(l.ip("a1"), l.ip("a2")))


def test_declared_hosts_are_answered_for_before_they_speak(lab):
    text = ONE % "" + """x-lab:
  vms: {b1: {port: "k1:b1", ip: none, ip6: none}}
"""
    text = text.replace('"k1:b1"', '{port: "k1:b1", mac: "52:54:00:aa:00:20", ip: 10.20.0.20}', 1)
    l = lab(text)
    with l.wire("a1") as a1, l.wire("b1") as b1:
        mac = l.vm("a1")["mac"]
        a1.send(arp(mac, l.ip("a1"), "10.20.0.240"))
        known(l, "a1", l.ip("a1"))
        l.wait_rest()
        b1.forget()
        a1.send(arp(mac, l.ip("a1"), "10.20.0.20"))
        assert a1.wait(is_reply("10.20.0.20", "52:54:00:aa:00:20", mac))
        assert not b1.count(is_question(l.ip("a1"), "10.20.0.20"))


# --- weftd away and back ---------------------------------------------------------------

def test_p1_answers_survive_a_restart(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    for names in (OFFICE, LAB):
        all_known(l, names)
        known_by_link_local(l, *names)
    l.kill_weftd(signal.SIGKILL)
    before = rows(l)
    assert any("table=65" in f and "arp_tpa" in f for f in before["k1"])
    # Answers go on without weftd.
    with l.wire("a1") as a1:
        a1.send(arp(l.vm("a1")["mac"], l.ip("a1"), l.ip("b3")))
        assert a1.wait(is_reply(l.ip("b3"), l.vm("b3")["mac"], l.vm("a1")["mac"]))
    l.start_weftd_without("k2")
    assert rows(l) == before
    for n in OFFICE:
        known(l, n, l.ip(n), ip6(l, n))


# --- two hosts, one address ------------------------------------------------------------

def problems(l, kind):
    return [p for p in l.weft("status")["problems"] if p["kind"] == kind]


def add_address(l, vm, address):
    l.exec(vm, "ip", "addr", "add", f"{address}/24", "dev", "eth0")


def test_two_hosts_with_one_address(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    all_known(l, OFFICE)
    mac = {n: l.vm(n)["mac"] for n in OFFICE}
    shared = l.ip("a2")
    add_address(l, "a3", shared)
    with l.wire("a3") as a3, l.wire("a1") as a1, l.wire("b1") as b1:
        a3.send(arp(mac["a3"], shared, shared))
        [problem] = wait_for("it is told", lambda: problems(l, "duplicate-ip"), 15)
        for words in (shared, f"{mac['a2']} at k2:a2", f"{mac['a3']} at k3:a3"):
            assert words in problem["text"], problem
        assert problem["network"] == "office"
        assert l.status()["verdict"] == "degraded"
        event = [e for e in l.weft("show", "events")["events"] if e["kind"] == "duplicate-ip"]
        assert len(event) == 1 and event[0]["mac"] == mac["a2"] and event[0]["other_mac"] == mac["a3"], event
        # Nobody answers for it: the question is heard by all.
        l.wait_rest()
        for host in l.map["hosts"]:
            assert not [f for f in l.flows(host, "table=65") if f"arp_tpa={shared}," in f], host
        a1.forget()
        a1.send(arp(mac["a1"], l.ip("a1"), shared))
        assert b1.wait(is_question(l.ip("a1"), shared))
        assert a1.wait(is_reply(shared, mac["a2"], mac["a1"]))
        assert a1.wait(is_reply(shared, mac["a3"], mac["a1"]))
        # One of them lets go: all is well again, and it is the other's.
        l.exec("a3", "ip", "addr", "del", f"{shared}/24", "dev", "eth0")
        wait_for("it is over", lambda: not problems(l, "duplicate-ip"), 60)
        l.wait_rest()
        a1.forget()
        b1.forget()
        a1.send(arp(mac["a1"], l.ip("a1"), shared))
        assert a1.wait(is_reply(shared, mac["a2"], mac["a1"]))
        assert not b1.count(is_question(l.ip("a1"), shared))
    assert any(e["kind"] == "address-settled" for e in l.weft("show", "events")["events"])


def test_an_address_that_moves_is_no_duplicate(lab):
    l = lab(VXLAN3)
    everybody_talks(l)
    all_known(l, OFFICE)
    moving = "10.20.0.250"
    mac = {n: l.vm(n)["mac"] for n in OFFICE}
    add_address(l, "a2", moving)
    with l.wire("a2") as a2, l.wire("a3") as a3, l.wire("a1") as a1:
        a2.send(arp(mac["a2"], moving, moving))
        known(l, "a2", moving)
        l.exec("a2", "ip", "addr", "del", f"{moving}/24", "dev", "eth0")
        add_address(l, "a3", moving)
        a3.send(arp(mac["a3"], moving, moving))
        known(l, "a3", moving)
        l.wait_rest()
        a1.send(arp(mac["a1"], l.ip("a1"), moving))
        assert a1.wait(is_reply(moving, mac["a3"], mac["a1"]))
    assert not [e for e in l.weft("show", "events")["events"] if e["kind"] == "duplicate-ip"]


def test_a_physical_machine_with_the_address_of_a_vm(lab):
    l = lab(LAN3 + "x-lab:\n  machines: {printer: {network: office}}\n")
    l.ping_all()
    shared = l.ip("a2")
    known(l, "a2", shared)
    add_to = l.vm("printer")["networks"][0]["dev"]
    assert add_to, "this kernel can make no tagged interface"
    l.exec("printer", "ip", "addr", "add", f"{shared}/24", "dev", add_to)
    with Wire(l.vm("printer")["ns"], add_to) as printer:
        printer.send(arp(l.vm("printer")["mac"], shared, shared))
        [problem] = wait_for("it is told", lambda: problems(l, "duplicate-ip"), 15)
    assert l.vm("a2")["mac"] in problem["text"] and l.vm("printer")["mac"] in problem["text"], problem
    assert "k2:a2" in problem["text"] and "k2:up2" in problem["text"], problem
