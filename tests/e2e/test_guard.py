# SPDX-License-Identifier: Apache-2.0
"""What an edge port may send, on real switches on two hosts, IPv4 and IPv6: bound
addresses, limits, DHCP servers and leases, routers; scenarios S23 and N10. What may not be
is blocked from its first frame, told by name within TOLD seconds, and nobody else notices."""
import re
import signal
import struct

import dhcp
from agree import agree, explain, frame_agrees, kinds, known, known_by_link_local
from frames import BROADCAST, ethernet, has, mac_bytes, udp
from test_arp import arp, ip_bytes, problems, solicitation
from test_reload import Prober
from weftlab import wait_for

TOLD = 5

HEAD = """version: 1
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  lan:
    vni: 100
    subnet: 10.0.0.0/24
"""
DB = ("52:54:00:aa:00:20", "10.0.0.20", "fd00::20")
BOUND = HEAD + f"""    ports: [k1:h1, k1:h2, k2:h3, {{port: k2:db, mac: "{DB[0]}", ip: [{DB[1]}, "{DB[2]}"]}}]
  other: {{vni: 200, subnet: 10.1.0.0/24, ports: [k1:o1, k2:o2]}}
x-lab:
  vms: {{h1: {{port: "k1:h1", ip6: "fd00::11"}}, h2: {{port: "k1:h2", ip6: "fd00::12"}}, h3: {{port: "k2:h3", ip6: "fd00::13"}}}}
"""


def advertisement(src, sender, target):
    frame = solicitation(src, sender, target)
    return b"\x33\x33\0\0\0\1" + frame[6:54] + b"\x88" + frame[55:78] + b"\2\1" + mac_bytes(src)


def router_advertisement(src):
    frame = solicitation(src, dhcp.link_local(src), "fe80::1")
    return b"\x33\x33\0\0\0\1" + frame[6:54] + b"\x86" + frame[55:]


def ip6_frame(src, sender, tail):
    body = tail.ljust(32, b"\0")
    return ethernet("33:33:00:00:00:01", src, struct.pack("!IHBB", 6 << 28, len(body), 253, 64) + ip_bytes(sender)
                    + ip_bytes("ff02::1") + body, 0x86dd)


def ip4_frame(src, sender, tail):
    return udp(BROADCAST, src, tail, sender, "255.255.255.255", 9000, 9001)


def plain(src, tail):
    return ethernet(BROADCAST, src, tail, 0x88b5)


def violations(l, *words):
    return [e for e in l.weft("show", "events")["events"] if e["kind"] == "violation" and all(w in e["text"] for w in words)]


def told(l, *words):
    wait_for(f"it is told: {words}", lambda: violations(l, *words), TOLD)


def rows(l, host, *words):
    return [f for f in l.flows(host) if all(w in f for w in words)]


def dropped(l, host, *words):
    return sum(int(re.search(r"n_packets=(\d+)", f)[1]) for f in rows(l, host, *words))


def vm_of(l, wire):
    return next(name for name, vm in l.map["vms"].items() if vm["ns"] == wire.ns)


def crosses(sender, hearer, frame, tail, seconds=5.0):
    sender.send(frame)
    return hearer.wait(has(tail), seconds)


def blocked(l, sender, hearers, frames, control):
    """None of the frames is heard, though what is sent after them is; and explain says so of
    each of them. Returns the kinds of causes that it told."""
    for hearer in hearers:
        hearer.forget()
    for frame in frames:
        sender.send(frame)
    sender.send(control)
    told = []
    for hearer in hearers:
        assert hearer.wait(lambda f: control[14:40] in f), "what may pass did not"
        for i, frame in enumerate(frames):
            assert not hearer.count(lambda f: frame[6:] == f[6:len(frame)]), f"frame {i} was not blocked"
    for hearer in hearers:
        frame_agrees(l, vm_of(l, sender), vm_of(l, hearer), control, True)
        for frame in frames:
            answer = frame_agrees(l, vm_of(l, sender), vm_of(l, hearer), frame, False)
            told += kinds(answer["directions"][0]) if answer else []
    return set(told)


# --- bound by the file -----------------------------------------------------------------------

def test_n10_a_bound_port_sends_what_is_its_own(lab):
    l = lab(BOUND)
    mac, ip, ip6 = DB
    assert l.vm("db")["mac"] == mac and l.ip("db") == ip
    l.ping_all(["h1", "h2", "h3", "db"], 8)
    known(l, "h1", "h2", "h3", "db")
    assert l.ping("h1", "db", 3, v6=True) and l.ping("db", "h3", 3, v6=True)
    assert not violations(l), violations(l)
    others = [Prober(l, "h1", "h3"), Prober(l, "o1", "o2"), Prober(l, "h2", "db")]
    with l.wire("db") as db, l.wire("h1") as h1, l.wire("h3") as h3:
        evil = "02:00:00:00:00:66"
        assert {"bound"} == blocked(l, db, (h1, h3), [
            plain(evil, b"evil mac"),
            arp(evil, ip, ip),
            arp(mac, l.ip("h1"), l.ip("h3")),
            ip4_frame(mac, l.ip("h1"), b"evil ip4"),
            ip6_frame(mac, "fd00::66", b"evil ip6"),
            solicitation(mac, "fd00::66", "fd00::1"),
            advertisement(mac, ip6, "fd00::66"),
        ], plain(mac, b"it goes on with what is its own"))
        for words in ((f"from {evil}",), (f"from {l.ip('h1')} ({mac})",), ("from fd00::66",)):
            told(l, "lan: port k2:db, bound to", mac, ip, ip6, *words)
        # Before it has an address.
        for frame, tail in ((dhcp.discover(mac), b"\x63\x82\x53\x63"), (solicitation(mac, "::", ip6), ip_bytes(ip6)),
                            (arp(mac, "0.0.0.0", ip), ip_bytes(ip)), (dhcp.solicit6(mac), b"\x01abc")):
            h1.forget()
            assert crosses(db, h1, frame, tail)
            frame_agrees(l, "db", "h1", frame, True)
        # Nor does it ask for another address, and announces what is its own.
        assert {"bound"} == blocked(l, db, (h1,), [solicitation(mac, "::", "fd00::66"), arp(mac, "0.0.0.0", "10.0.0.66")],
                                    advertisement(mac, ip6, ip6))
        frame_agrees(l, "db", "h1", arp(mac, ip, ip), True)
    [problem] = wait_for("status says so", lambda: problems(l, "violation"), TOLD)
    assert "k2:db" in problem["text"] and problem["network"] == "lan" and problem["switch"] == "k2", problem
    port = l.port("k2", "db")
    assert port["networks"][0]["bound"] == {"mac": mac, "ips": [ip, ip6]} and port["violations"] >= 7, port
    assert dropped(l, "k2", "table=10,", "priority=50") and dropped(l, "k2", "table=10,", "priority=380")
    for prober in others:
        sent, answered = prober.stop()
        assert sent == answered
    assert not rows(l, "k1", "table=10,", "in_port"), "who is not guarded takes no other table"


def test_n10_nobody_else_has_what_a_port_is_bound_to(lab):
    l = lab(BOUND)
    mac, ip, ip6 = DB
    l.ping_all(["h1", "h2", "h3", "db"], 8)
    known(l, "h1", "h2", "h3", "db")
    others = [Prober(l, "h1", "db"), Prober(l, "h3", "db")]
    for vm, place in (("h2", "k1:h2"), ("h3", "k2:h3")):
        own = l.vm(vm)["mac"]
        hearer = "h3" if vm == "h2" else "h2"
        with l.wire(vm) as wire, l.wire("h1") as h1, l.wire(hearer) as heard:
            assert {"bound"} == blocked(l, wire, (h1, heard), [
                arp(own, ip, ip),
                arp(own, ip, l.ip("h1")),
                solicitation(own, ip6, "fd00::1"),
                advertisement(own, ip6, ip6),
                advertisement(own, dhcp.link_local(own), ip6),
                plain(mac, b"the mac of another"),
            ], plain(own, f"it goes on, {vm} itself".encode()))
            # A router may send on what came from there: that is for `source`, and explain says so.
            forwarded = ip4_frame(own, ip, f"forwarded by {vm}".encode())
            assert crosses(wire, h1, forwarded, f"forwarded by {vm}".encode())
            notes = frame_agrees(l, vm, "h1", forwarded, True)["notes"]
            assert [n["kind"] for n in notes if n["kind"] != "mtu"] == ["bound-elsewhere"] and "k2:db" in notes[0]["text"], notes
            told(l, f"port {place} sent from {ip} ({own}), to which k2:db is bound")
            told(l, f"port {place} sent from {ip6} ({own}), to which k2:db is bound")
            told(l, f"port {place} sent from {mac}, to which k2:db is bound")
    assert l.wait_host(mac, "k2:db")
    for prober in others:
        sent, answered = prober.stop()
        assert sent == answered
    assert not problems(l, "duplicate-ip"), "nobody believed it"
    assert {p["switch"] for p in problems(l, "violation")} == {"k1", "k2"}
    # The neighbours still have the right MAC.
    for vm in ("h1", "h3"):
        assert mac in l.exec(vm, "ip", "neigh", "show", ip).stdout


def test_p1_bound_ports_survive_a_restart(lab):
    l = lab(BOUND)
    l.ping_all(["h1", "h2", "h3", "db"], 8)
    known(l, "h1", "h2", "h3", "db")
    known_by_link_local(l, "h1", "h2", "h3", "db")
    l.kill_weftd(signal.SIGKILL)
    # Without weftd nothing opens.
    with l.wire("db") as db, l.wire("h1") as h1:
        blocked(l, db, (h1,), [plain("02:00:00:00:00:66", b"evil mac"), ip4_frame(DB[0], "10.0.0.66", b"evil")],
                plain(DB[0], b"it goes on while weftd is away"))
    l.start_weftd_without("k1")
    assert l.ping("h1", "db", 3)


# --- how many ------------------------------------------------------------------------------------

LIMITS = HEAD + """    ports:
      - k1:h1
      - k2:h3
      - {port: k1:shut, max_hosts: 1, on_limit: shut}
      - {port: k2:told, max_hosts: 1, on_limit: report}
      - {port: k2:first, sticky: true}
"""


def is_shut(l):
    """explain: until when, whose, where in the file; and real packets do neither go nor come back."""
    line = next(n for n, line in enumerate(l.file.read_text().splitlines(), 1) if "k1:shut" in line)
    for answer in (agree(l, "shut", "h3", names=("k1:shut", "h3")), agree(l, "h1", "shut", names=("h1", "k1:shut"))):
        for direction in answer["directions"]:
            [cause] = direction["causes"]
            assert cause["kind"] == "shut" and cause["line"] == line and "02:00:00:00:00:73 came too" in cause["text"], cause
            assert re.search(r"port k1:shut is shut in network lan for \d+ s more", cause["text"]) and "max_hosts" in cause["cure"]
            ends = [s for x in direction["legs"] for s in x["steps"] if s["last"]]
            assert ends and all(s["row"] == "shut" and s["live"] and s["packets"] > 0 for s in ends), ends


def test_ports_that_bring_too_many_hosts(lab):
    l = lab(LIMITS)
    l.ping_all(seconds=8)
    prober = Prober(l, "h1", "h3")
    mac = {vm: l.vm(vm)["mac"] for vm in l.map["vms"]}
    with l.wire("shut") as shut, l.wire("h3") as h3, l.wire("told") as more, l.wire("first") as first, l.wire("h1") as h1:
        # Let in and told.
        assert crosses(more, h1, plain("02:00:00:00:00:71", b"one more host"), b"one more host")
        told(l, "port k2:told has 02:00:00:00:00:71 beyond its max_hosts")
        assert l.wait_host("02:00:00:00:00:71", "k2:told")
        # The first one stays, alone; nobody else has its MAC.
        assert {"sticky"} == blocked(l, first, (h1,), [plain("02:00:00:00:00:72", b"another one")],
                                     plain(mac["first"], b"the first one is there"))
        assert {"sticky"} == blocked(l, h3, (h1,), [plain(mac["first"], b"i am the first")], plain(mac["h3"], b"i am the third host"))
        told(l, f"port k2:h3 sent from {mac['first']}, which sticks to k2:first")
        assert l.wait_host(mac["first"], "k2:first")
        assert not [f for f in rows(l, "k2", "table=60", f"dl_src={mac['first']}") if "idle_timeout" in f]
        # Closed, for a minute.
        shut.send(plain("02:00:00:00:00:73", b"one too many"))
        port = wait_for("it is shut", lambda: next((p for p in [l.port("k1", "shut")] if p["state"] == "shut"), None), TOLD)
        assert "02:00:00:00:00:73" in port["why"] and port["networks"][0]["shut"]["for_seconds"] == 60, port
        [problem] = problems(l, "port-shut")
        assert "k1:shut" in problem["text"], problem
        l.wait_rest()
        h3.forget()
        shut.send(plain(mac["shut"], b"nothing of it"))
        assert crosses(h1, h3, plain(mac["h1"], b"others go on"), b"others go on")
        assert not h3.count(has(b"nothing of it"))
        is_shut(l)
        assert dropped(l, "k1", "table=10,", "priority=900")
        rest = l.port("k1", "shut")["networks"][0]["shut"]["seconds_left"]
        # As before, with weftd anew: for the rest of its minute, then it is open again. Most of that minute is
        # gone by a clock that was put ahead meanwhile.
        l.kill_weftd(signal.SIGKILL)
        l.start_weftd(ahead=rest - 15)
        assert all(n == 0 for n in l.sent().values()), l.sent()
        assert l.port("k1", "shut")["state"] == "shut"
        blocked(l, first, (h1,), [plain("02:00:00:00:00:72", b"another one")], plain(mac["first"], b"still the first one"))
        wait_for("it is open", lambda: l.port("k1", "shut")["state"] == "ok", 30)
        l.wait_rest()
        assert crosses(shut, h3, plain(mac["shut"], b"open again"), b"open again")
        frame_agrees(l, "shut", "h3", plain(mac["shut"], b"open again"), True)
    sent, answered = prober.stop()
    assert sent == answered


# --- DHCP, leases, routers ---------------------------------------------------------------------------

LEASED = HEAD + """    guard: all
    ports:
      - {port: k1:srv, trust: all}
      - {port: k2:rtr, trust: [ra, source, arp]}
      - "k?:v*"
  other: {vni: 200, subnet: 10.1.0.0/24, ports: [k1:o1, k2:o2]}
x-lab:
  vms:
    v1: {port: "k1:v1", ip: none, ip6: none}
    v2: {port: "k2:v2", ip: none, ip6: none}
    v3: {port: "k1:v3", ip: none, ip6: none}
"""


def leases(l, host, port):
    return {(x["mac"], x["ip"]) for x in l.port(host, port)["networks"][0]["leases"]}


def lease(l, server, vm, place, ip, ip6, seconds=600):
    """What client and server say to each other; then it holds at the client's port."""
    host, port = place.split(":")
    mac, server_mac = l.vm(vm)["mac"], l.vm("srv")["mac"]
    with l.wire(vm) as client:
        wait_for("the question arrives", lambda: crosses(client, server, dhcp.discover(mac), b"weft", 0.5), 20)
        client.send(dhcp.solicit6(mac))
        answers = (dhcp.ack(server_mac, l.ip("srv"), mac, ip, seconds), dhcp.reply6(server_mac, mac, ip6, seconds))
        for frame in (dhcp.discover(mac), dhcp.solicit6(mac)):
            frame_agrees(l, vm, "srv", frame, True)
        for frame in answers:
            server.send(frame)
            frame_agrees(l, "srv", vm, frame, True)
        assert client.wait(lambda f: f[36:38] == b"\0\x44"), "the answer did not arrive"
        wait_for("the lease holds", lambda: {(mac, ip), (mac, ip6)} <= leases(l, host, port), TOLD)
    l.wait_rest()


def test_n10_rogue_servers_and_routers(lab):
    l = lab(LEASED)
    l.ping_all(["srv", "rtr"], 8)
    known(l, "srv", "rtr")
    prober = Prober(l, "srv", "rtr")
    mac = l.vm("v2")["mac"]
    with l.wire("v2") as v2, l.wire("v1") as v1, l.wire("rtr") as rtr, l.wire("srv") as srv:
        victim = l.vm("v1")["mac"]
        assert {"rogue-dhcp", "rogue-router"} == blocked(l, v2, (v1, rtr, srv), [
            dhcp.ack(mac, "10.0.0.66", victim, "10.0.0.67", 600),
            dhcp.reply6(mac, victim, "fd00::67", 600),
            udp(BROADCAST, mac, b"from any port", "10.0.0.66", "255.255.255.255", 4000, 68),
            router_advertisement(mac),
        ], plain(mac, b"this is not watched for"))
        told(l, "lan: rogue DHCP server at k2:v2: 10.0.0.66", mac)
        told(l, f"lan: rogue router at k2:v2: {dhcp.link_local(mac)}")
        # A router that is none of DHCP, a server that is trusted.
        assert crosses(rtr, v1, router_advertisement(l.vm("rtr")["mac"]), b"\x86", 5)
        frame_agrees(l, "rtr", "v1", router_advertisement(l.vm("rtr")["mac"]), True)
        blocked(l, rtr, (v1,), [dhcp.ack(l.vm("rtr")["mac"], l.ip("rtr"), victim, "10.0.0.68", 600)],
                plain(l.vm("rtr")["mac"], b"the router goes on"))
    kinds = {p["kind"]: p["text"] for p in l.status()["problems"]}
    assert "k2:" in kinds["rogue-dhcp"] and "k2:v2" in kinds["rogue-router"], kinds
    assert not leases(l, "k1", "v1") and not leases(l, "k2", "v2"), "a lease of a rogue server"
    sent, answered = prober.stop()
    assert sent == answered


def test_leases_let_their_hosts_speak(lab):
    l = lab(LEASED)
    l.ping_all(["srv", "rtr"], 8)
    known(l, "srv", "rtr")
    mac = {vm: l.vm(vm)["mac"] for vm in l.map["vms"]}
    with l.wire("srv") as srv, l.wire("v1") as v1, l.wire("v2") as v2, l.wire("rtr") as rtr:
        [cause] = explain(l, "k1:v1", "rtr", code=4)["directions"][0]["causes"]
        assert cause["kind"] == "no-lease" and "no lease" in cause["text"] and "DHCP" in cause["cure"], cause
        assert {"no-lease"} == blocked(l, v1, (rtr,), [ip4_frame(mac["v1"], "10.0.0.51", b"no lease"), arp(mac["v1"], "10.0.0.51", "10.0.0.1"),
                                ip6_frame(mac["v1"], "fd00::51", b"no lease")], plain(mac["v1"], b"it is there"))
        told(l, "lan: port k1:v1 sent from 10.0.0.51", "which is not leased to it")
        lease(l, srv, "v1", "k1:v1", "10.0.0.51", "fd00::51")
        lease(l, srv, "v2", "k2:v2", "10.0.0.52", "fd00::52", 20)
        for sender, vm, n in ((v1, "v1", 51), (v2, "v2", 52)):
            assert crosses(sender, rtr, ip4_frame(mac[vm], f"10.0.0.{n}", b"leased"), b"leased")
            rtr.forget()
            frame_agrees(l, vm, "rtr", ip4_frame(mac[vm], f"10.0.0.{n}", b"leased"), True)
            frame_agrees(l, vm, "rtr", ip6_frame(mac[vm], f"fd00::{n}", b"leased"), True)
            assert crosses(sender, rtr, ip6_frame(mac[vm], f"fd00::{n}", b"leased"), b"leased")
            rtr.forget()
            assert crosses(sender, rtr, arp(mac[vm], f"10.0.0.{n}", "10.0.0.250"), ip_bytes(f"10.0.0.{n}"))
            rtr.forget()
        # Real hosts with these addresses talk to each other and to the server.
        l.exec("v1", "ip", "addr", "add", "10.0.0.51/24", "dev", "eth0")
        l.exec("v2", "ip", "addr", "add", "10.0.0.52/24", "dev", "eth0")
        assert l.exec("v1", "ping", "-c", "3", "-i", "0.2", "-w", "8", "10.0.0.52", check=False).returncode == 0
        assert l.exec("v1", "ping", "-c", "3", "-i", "0.2", "-w", "8", l.ip("srv"), check=False).returncode == 0
        # Not in another's name, whatever port it is at.
        assert {"no-lease"} == blocked(l, v2, (rtr,), [ip4_frame(mac["v2"], "10.0.0.51", b"stolen"), arp(mac["v2"], "10.0.0.51", "10.0.0.1"),
                                advertisement(mac["v2"], "fd00::52", "fd00::51"), ip6_frame(mac["v2"], "fd00::51", b"stolen"),
                                ip4_frame(mac["v1"], "10.0.0.51", b"stolen")], plain(mac["v2"], b"it is still there"))
        told(l, f"lan: port k2:v2 sent from 10.0.0.51 ({mac['v2']}), which is leased to {mac['v1']}")
        # One ends, one is given back.
        wait_for("the lease ends", lambda: not leases(l, "k2", "v2"), 30)
        l.wait_rest()
        rtr.forget()
        v2.send(ip4_frame(mac["v2"], "10.0.0.52", b"too late"))
        assert crosses(v1, rtr, ip4_frame(mac["v1"], "10.0.0.51", b"in time"), b"in time")
        assert not rtr.count(has(b"too late"))
        frame_agrees(l, "v2", "rtr", ip4_frame(mac["v2"], "10.0.0.52", b"too late"), False)
        v1.send(dhcp.release(mac["v1"], "10.0.0.51", mac["srv"], l.ip("srv")))
        v1.send(dhcp.release6(mac["v1"], "fd00::51"))
        wait_for("both are given back", lambda: not leases(l, "k1", "v1"), TOLD)


def test_p1_leases_survive_a_restart_and_move(lab):
    l = lab(LEASED)
    l.ping_all(["srv", "rtr"], 8)
    known(l, "srv", "rtr")
    mac = {vm: l.vm(vm)["mac"] for vm in l.map["vms"]}
    with l.wire("srv") as srv, l.wire("v1") as v1, l.wire("v2") as v2, l.wire("rtr") as rtr:
        lease(l, srv, "v1", "k1:v1", "10.0.0.51", "fd00::51")
        l.kill_weftd(signal.SIGKILL)
        assert crosses(v1, rtr, ip4_frame(mac["v1"], "10.0.0.51", b"without weftd"), b"without weftd")
        l.start_weftd_without("k2")
        assert leases(l, "k1", "v1") == {(mac["v1"], "10.0.0.51"), (mac["v1"], "fd00::51")}
        # The VM turns up on the other host, and where it was its port goes down.
        ns = l.map["hosts"]["k1"]["ns"]
        l.ns(ns, "ip", "link", "set", "v1", "down")
        wait_for("the port is down", lambda: not l.port("k1", "v1")["up"])
        moved = arp(mac["v1"], "10.0.0.51", "10.0.0.51")
        wait_for("its address follows it", lambda: crosses(v2, rtr, moved, ip_bytes("10.0.0.51"), 0.3), 10)
        wait_for("its leases too", lambda: len(leases(l, "k2", "v2")) == 2, TOLD)
        l.wait_rest()
        assert crosses(v2, rtr, ip6_frame(mac["v1"], "fd00::51", b"from there"), b"from there")
        assert not leases(l, "k1", "v1")
        assert not rows(l, "k1", "table=10,", f"dl_src={mac['v1']}")


# --- S23 ---------------------------------------------------------------------------------------------

def test_s23_restricted_ports_meet_by_the_gateway_only(lab):
    gateway = "52:54:00:aa:00:01"
    l = lab(HEAD + f"""    ports:
      - {{port: k1:gw, mac: "{gateway}"}}
      - {{port: k1:r1, acl: restricted}}
      - {{port: k1:r2, acl: restricted}}
      - {{port: k2:r3, acl: restricted}}
      - k2:free
acls:
  restricted:
    - {{allow: dhcp, to: "{gateway}"}}
    - {{deny: dhcp}}
    - {{allow: any, to: "{gateway}"}}
    - {{deny: any, name: by-the-gateway-only}}
x-lab:
  vms: {{gw: {{port: "k1:gw", ip6: "fd00::1"}}, r1: {{port: "k1:r1", ip6: "fd00::11"}}, r2: {{port: "k1:r2", ip6: "fd00::12"}}, r3: {{port: "k2:r3", ip6: "fd00::13"}}}}
""")
    for vm in ("r1", "r2", "r3"):
        assert l.ping(vm, "gw", 2, 8) and l.ping("gw", vm, 2, 8) and l.ping(vm, "gw", 2, 8, v6=True)
    known(l, "gw", "r1", "r2", "r3")
    for v6 in (False, True):
        for vm in ("r1", "r3"):
            assert agree(l, vm, "gw", v6=v6)["verdict"] == "reachable"
        for a, b in (("r1", "r2"), ("r3", "r1")):
            for direction in agree(l, a, b, v6=v6)["directions"]:
                assert direction["verdict"] == "blocked" and "by-the-gateway-only" in direction["causes"][0]["text"], direction
    for a, b in (("r1", "r2"), ("r2", "r3"), ("r3", "r1")):
        for v6 in (False, True):
            assert not l.ping(a, b, 1, 1, v6), (a, b)
    with l.wire("r1") as r1, l.wire("r2") as r2, l.wire("r3") as r3, l.wire("free") as free:
        mac = l.vm("r1")["mac"]
        blocked(l, r1, (r2, r3), [plain(mac, b"broadcast of mine"), ip4_frame(mac, l.ip("r1"), b"broadcast"),
                                  ip6_frame(mac, l.vm("r1")["networks"][0]["ip6"], b"multicast"), dhcp.discover(mac)],
                arp(mac, l.ip("r1"), "10.0.0.250"))
        assert r3.wait(lambda f: f[12:14] == b"\x08\x06" and ip_bytes("10.0.0.250") in f)
        r1.send(solicitation(mac, l.vm("r1")["networks"][0]["ip6"], "fd00::fa"))
        assert r2.wait(has(ip_bytes("fd00::fa"))) and r3.wait(has(ip_bytes("fd00::fa")))
        for hearer in ("r2", "r3"):
            frame_agrees(l, "r1", hearer, solicitation(mac, l.vm("r1")["networks"][0]["ip6"], "fd00::fa"), True)
        # DHCP goes to the gateway, and to nobody else.
        with l.wire("gw") as gw:
            asked = dhcp.discover(mac)[:6].replace(b"\xff" * 6, mac_bytes(gateway)) + dhcp.discover(mac)[6:]
            assert crosses(r1, gw, asked, b"\x63\x82\x53\x63")
            assert not r2.count(lambda f: f[6:] == asked[6:])
        # Who is not restricted is heard, and routing by the gateway works.
        assert crosses(free, r1, plain(l.vm("free")["mac"], b"to all"), b"to all")
    # By the gateway: hosts send there what is for each other, in another subnet.
    l.exec("gw", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0",
           "net.ipv4.conf.eth0.send_redirects=0")
    l.exec("r3", "ip", "addr", "add", "10.3.0.3/32", "dev", "lo")
    l.exec("gw", "ip", "route", "add", "10.3.0.3/32", "via", l.ip("r3"))
    l.exec("r1", "ip", "route", "add", "10.3.0.3/32", "via", l.ip("gw"))
    l.exec("r3", "ip", "route", "replace", f"{l.ip('r1')}/32", "via", l.ip("gw"))
    assert l.exec("r1", "ping", "-c", "2", "-i", "0.2", "-w", "8", "10.3.0.3", check=False).returncode == 0
