# SPDX-License-Identifier: Apache-2.0
"""`weft explain`: every kind of verdict, and that real packets do what it says."""
import os
import pathlib
import signal
import struct
import time

import pytest

from agree import address, agree, explain, kinds, known, real
from frames import BROADCAST, ethernet, has, mac_bytes
from test_physical import ALL, OFFICE
from test_restart import LAN3
from weftlab import WEFT, Lab, run, wait_for

BOTH = [False, True]


def text(acl="", k1="", h1="k1:h1", h3="k3:h3", rest="", options=""):
    """h1, h2 on k1, g2 on k2, h3 on k3 in one network over tunnels, and o1 in another."""
    return (f"version: 1\nswitches:\n  k1: {{dpid: 0x11, vtep: 10.99.0.1{k1}}}\n  k2: {{dpid: 0x12, vtep: 10.99.0.2}}\n"
            f"  k3: {{dpid: 0x13, vtep: 10.99.0.3}}\nnetworks:\n  lan:\n    subnet: 10.0.0.0/24\n{acl}{options}    ports:\n"
            f"      - {h1}\n      - k1:h2\n      - k2:g2\n      - {h3}\n"
            f"  other:\n    subnet: 10.8.0.0/24\n    ports: [k1:o1]\n{rest}")


@pytest.fixture(scope="module")
def one_lab():
    with Lab(text()) as l:
        yield l


@pytest.fixture
def three(one_lab):
    """One lab for all that only edit the file; every test finds it as it was."""
    if one_lab.file.read_text() != text():
        one_lab.edit(text())
    known(one_lab, "h1", "h2", "g2", "h3")
    return one_lab


def the(answer, n=0):
    """The only cause of that direction."""
    causes = answer["directions"][n]["causes"]
    assert len(causes) == 1, causes
    assert causes[0]["cure"], causes
    return causes[0]


def leg(answer, name, n=0):
    return next(x for x in answer["directions"][n]["legs"] if x["name"] == name)


def line_of(l, words):
    return next(n for n, line in enumerate(l.file.read_text().splitlines(), 1) if words in line)


# --- rules -------------------------------------------------------------------------------

NO_5001 = "acls:\n  block:\n    - {deny: tcp, port: 5001, name: no-5001}\n    - {allow: any}\n"
PLACES = {
    # where the list stands, and which directions between h1 and h3 it stops
    "port": (dict(h1="{port: k1:h1, acl: block}"), (True, False)),
    "port out": (dict(h1="{port: k1:h1, acl_out: block}"), (False, True)),
    "network": (dict(acl="    acl: block\n"), (True, True)),
    "network out": (dict(acl="    acl_out: block\n"), (True, True)),
    "switch": (dict(k1=", acl: block"), (True, False)),
    "switch out": (dict(k1=", acl_out: block"), (False, True)),
}


@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_a_rule_that_denies(three, place, stateful):
    where, stops = PLACES[place]
    rest = NO_5001 if stateful else NO_5001.replace("block:\n", "block:\n    stateful: false\n    rules:\n")
    three.edit(text(rest=rest, **where))
    line = line_of(three, "no-5001")
    for v6 in BOTH:
        answer = agree(three, "h1", "h3", "tcp/5001", v6)
        for n in range(2):
            if stops[n]:
                cause = the(answer, n)
                assert cause["kind"] == "denied" and cause["line"] == line, cause
                assert 'rule "no-5001" of acl "block"' in cause["text"] and f"{three.file}:{line}" in cause["text"]
                assert "{allow: tcp, port: 5001, from: " in cause["cure"] and f"in front of line {line}" in cause["cure"]
                ends = [s for x in answer["directions"][n]["legs"] for s in x["steps"] if s["last"]]
                assert len(ends) == 1 and ends[0]["live"] and ends[0]["line"] == line, ends
            else:
                assert answer["directions"][n]["verdict"] == "reachable"
        assert agree(three, "h1", "h3", "tcp/5002", v6)["verdict"] == "reachable"


def test_the_counter_is_that_of_this_moment(three):
    """Not of the last reading: three more packets are three more, at once."""
    three.edit(text(acl="    acl: block\n", rest="acls:\n  block:\n    - {deny: udp, port: 777, name: no-777}\n    - {allow: any}\n"))

    def count():
        answer = explain(three, "h1", "h3", "udp/777", code=4)
        return next(s["packets"] for s in answer["directions"][0]["legs"][-1]["steps"] if s["last"])

    before = count()
    for _ in range(3):
        real(three, "h1", "h3", "udp/777", wait=0.4)
    assert wait_for("counted", lambda: count() >= before + 3, 3)


LISTS = {
    "replies": ("- {allow: tcp, port: 5002, to: there}\n    - {allow: icmp, to: there}\n    - {allow: icmp6, to: there}", True),
    "stateless": ("- {allow: tcp, port: 5002, to: there}\n      - {allow: icmp, to: there}\n      - {allow: icmp6, to: there}", False),
}


@pytest.mark.parametrize("kind", LISTS)
def test_answers_and_new_connections(three, kind):
    rules, stateful = LISTS[kind]
    body = f"    {rules}\n" if stateful else f"    stateful: false\n    rules:\n      {rules}\n"
    rest = f"groups:\n  there: [{address(three, 'h3')}, \"{address(three, 'h3', True)}\"]\nacls:\n  clients:\n{body}"
    three.edit(text(acl="    acl: clients\n", rest=rest))
    for v6 in BOTH:
        for proto in ("tcp/5002", "icmp"):
            answer = agree(three, "h1", "h3", proto, v6)
            there, back = answer["directions"]
            legs = {leg["name"]: leg for leg in there["legs"]}
            if stateful:
                assert there["verdict"] == "reachable"
                assert any(s["row"] == "network-reply" for s in legs["reply"]["steps"]), legs["reply"]
            else:
                assert legs["request"]["verdict"] == "passes" and legs["reply"]["verdict"] == "blocked"
                assert "stateful" in the(answer)["cure"]
            # The same frame, but nobody asked for it: no rule lets it begin.
            assert kinds(back) == ["denied"] and "no rule of acl" in back["causes"][0]["text"], back
            assert 'to acl "clients"' in back["causes"][0]["cure"]


FRAGMENTS = {
    # rules, stateful or not, and which of a small datagram and one in fragments come, by IPv4 and by IPv6
    "allowed by port": ("{allow: udp, port: 778}", True, {100: (True, True), 3000: (False, False)}),
    "denied by port": ("{deny: udp, port: 778}, {allow: any}", True, {100: (False, False), 3000: (True, True)}),
    "allowed": ("{allow: udp}", False, {100: (True, True), 3000: (True, False)}),
}


@pytest.mark.parametrize("kind", FRAGMENTS)
def test_fragments(three, kind):
    rules, stateful, sizes = FRAGMENTS[kind]
    three.edit(text(acl="    acl: f\n", rest=f"acls:\n  f:\n    stateful: {str(stateful).lower()}\n    rules: [{rules}]\n"))
    for size, comes in sizes.items():
        for v6 in BOTH:
            answer = agree(three, "h1", "h2", "udp/778", v6, size=size)
            assert (answer["verdict"] == "reachable") == comes[v6], answer
            told = [n for n in answer["notes"] if n["kind"] == "fragments"]
            assert bool(told) == (size == 3000 and kind == "denied by port"), answer["notes"]


def test_reject(three):
    three.edit(text(h1="{port: k1:h1, acl: polite}", rest="acls:\n  polite:\n    - {reject: tcp, port: 5001}\n    - {allow: any}\n"))
    for v6 in BOTH:
        cause = the(agree(three, "h1", "h3", "tcp/5001", v6))
        assert cause["kind"] == "rejected" and "rejects it" in cause["text"]


def test_audit(three):
    three.edit(text(acl="    acl: trial\n", rest="acls:\n  trial:\n    mode: audit\n    rules:\n      - {deny: tcp, port: 5001, name: no-5001}\n"
                    "      - {allow: any}\n"))
    answer = agree(three, "h1", "h3", "tcp/5001")
    assert answer["verdict"] == "reachable"
    assert any("in audit" in s["text"] for s in answer["directions"][0]["legs"][1]["steps"] if s["shown"])


def test_what_hosts_need(three):
    """A rule against ARP stops IPv4 altogether, one against ND IPv6."""
    three.edit(text(h1="{port: k1:h1, acl: mute}", rest="acls:\n  mute:\n    - {deny: arp, name: no-arp}\n    - {allow: any}\n"))
    answer = agree(three, "h1", "h3", "icmp")
    assert kinds(answer["directions"][0]) == ["denied"] and "{allow: arp}" in the(answer)["cure"]
    assert answer["directions"][0]["legs"][0]["name"] == "arp"
    assert agree(three, "h1", "h3", "icmp", True)["verdict"] == "reachable"
    three.edit(text(h1="{port: k1:h1, acl: mute}", rest="acls:\n  mute:\n    - {deny: nd, name: no-nd}\n    - {allow: any}\n"))
    answer = agree(three, "h1", "h3", "icmp", True)
    assert "{allow: nd}" in the(answer)["cure"] and answer["directions"][1]["legs"][-2]["name"] == "nd-back"
    assert agree(three, "h1", "h3", "icmp")["verdict"] == "reachable"


# --- places ------------------------------------------------------------------------------

def test_names_of_all_kinds(three):
    l = three
    by = [("h1", "h3"), ("k1:h1", "k3:h3"), (l.vm("h1")["mac"], l.vm("h3")["mac"]), (address(l, "h1"), address(l, "h3")),
          (address(l, "h1", True), address(l, "h3", True)), ("lan/h1", f"lan/{address(l, 'h3')}")]
    for a, b in by:
        answer = explain(l, a, b, code=0)
        assert (answer["from"]["switch"], answer["from"]["port"], answer["to"]["port"]) == ("k1", "h1", "h3"), answer
        assert answer["from"]["network"] == answer["to"]["network"] == "lan"
        steps = leg(answer, "request")["steps"]
        assert [s["switch"] for s in steps][0] == "k1" and [s["switch"] for s in steps][-1] == "k3"
        assert any(s["text"].startswith("into the tunnel to k3 (10.99.0.3), VNI") for s in steps)
    local = explain(l, "h1", "h2", code=0)
    assert {s["switch"] for s in leg(local, "request")["steps"]} == {"k1"}
    assert "no network" in explain(l, "lun/h1", "h3", code=1)
    assert "same host" in explain(l, "h1", address(l, "h1"), code=1)
    assert "is no protocol" in explain(l, "h1", "h3", "tcp/99999", code=1)


def test_unknown_host(three):
    nobody = the(explain(three, "h1", "10.0.0.77", code=4))
    assert nobody["kind"] == "unknown-host" and "10.0.0.77" in nobody["text"]
    assert three.exec("h1", "ping", "-c", "1", "-w", "2", "10.0.0.77", check=False).returncode != 0
    wrong = the(explain(three, "h1", "h33", code=4))
    assert wrong["kind"] == "unknown-host" and "did you mean h3" in wrong["text"], wrong
    assert the(explain(three, "h1", "02:77:77:77:77:77", code=4))["kind"] == "unknown-host"
    assert "k9" in the(explain(three, "h1", "k9:h1", code=4))["text"]


def test_different_network(three):
    l = three
    l.exec("o1", "ping", "-c", "1", "-w", "1", "10.8.0.200", check=False)
    wait_for("o1 is known", lambda: any(h["mac"] == l.vm("o1")["mac"] for h in l.hosts()), 10)
    cause = the(explain(l, "h1", "o1", code=4))
    assert cause["kind"] == "different-network" and "network lan" in cause["text"] and "network other" in cause["text"]
    # In the same subnet they would not meet either.
    l.exec("h1", "ip", "addr", "add", "10.8.0.201/24", "dev", "eth0")
    assert l.exec("h1", "ping", "-c", "1", "-w", "2", "-I", "10.8.0.201", address(l, "o1"), check=False).returncode != 0
    l.exec("h1", "ip", "addr", "del", "10.8.0.201/24", "dev", "eth0")


def test_port_down(three):
    l = three
    ns = l.map["hosts"]["k3"]["ns"]
    run("ip", "-n", ns, "link", "set", "h3", "down")
    wait_for("down", lambda: not l.port("k3", "h3")["up"])
    answer = agree(l, "h1", "h3", "icmp", names=("h1", "k3:h3"), traces=False)
    assert "port-down" in kinds(answer["directions"][0]) and "port-down" in kinds(answer["directions"][1])
    assert "ip link show h3" in the(answer)["cure"]
    run("ip", "-n", ns, "link", "set", "h3", "up")
    wait_for("up", lambda: l.port("k3", "h3")["up"])
    known(l, "h1", "h3")
    assert agree(l, "h1", "h3")["verdict"] == "reachable"


def test_port_without_a_network(three):
    l = three
    l.edit(text(h3="k3:somebody-else"))
    cause = the(agree(l, "h1", "h3", names=("h1", "k3:h3"), traces=False))
    assert cause["kind"] == "no-network" and "ports: [k3:h3]" in cause["cure"]
    l.edit(text(h3="{port: k3:h3, enable: false}"))
    assert the(agree(l, "h1", "h3", names=("h1", "k3:h3"), traces=False))["kind"] == "disabled"
    assert the(explain(l, "h1", "k3:absent", code=4))["kind"] == "unknown-host"
    l.edit(text())
    known(l, "h1", "h3")


def test_limits(three):
    """A machine behind the port of another: no room for it."""
    l = three
    l.edit(text(h1="{port: k1:h1, max_hosts: 1}"))
    known(l, "h1", "h3")
    stranger = "02:00:00:00:00:aa"
    wire, there = l.wire("h1"), l.wire("h3")
    there.forget()
    wire.send(ethernet(BROADCAST, stranger, b"let-me-in", 0x88b5))
    wire.send(ethernet(BROADCAST, l.vm("h1")["mac"], b"the-end", 0x88b5))
    assert there.wait(has(b"the-end")) and not there.count(has(b"let-me-in"))
    # Nobody knows it, and explain says so; the one that is known is fine.
    assert the(explain(l, stranger, "h3", code=4))["kind"] == "unknown-host"
    assert agree(l, "h1", "h3")["verdict"] == "reachable"


def test_no_room(lab):
    """A port without places, and a network that is full."""
    l = lab(text(h1="{port: k1:h1, max_hosts: 0}"))
    known(l, "h2", "h3")
    assert real(l, "h1", "h3") == "silent"
    cause = explain(l, "k1:h1", address(l, "h3"), "ethernet", code=4)["directions"][0]["causes"][0]
    assert cause["kind"] == "port-limit" and "max_hosts" in cause["cure"], cause
    assert cause["line"] == line_of(l, "max_hosts: 0")
    l.edit(text(options="    max_hosts: 2\n"))
    assert real(l, "h1", "h3") == "silent"
    cause = explain(l, "k1:h1", address(l, "h3"), "ethernet", code=4)["directions"][0]["causes"][0]
    assert cause["kind"] == "network-full" and "max_hosts" in cause["cure"], cause
    l.edit(text())
    known(l, "h1", "h3")
    assert agree(l, "h1", "h3")["verdict"] == "reachable"


def set_mtu(l, mtu, **vms):
    """At both ends of the cable."""
    for vm, host in vms.items():
        l.exec(vm, "ip", "link", "set", "eth0", "mtu", str(mtu))
        run("ip", "-n", l.map["hosts"][host]["ns"], "link", "set", vm, "mtu", str(mtu))


def test_mtu(three):
    l = three
    l.edit(text(options="    mtu: 1500\n"))
    set_mtu(l, 1500, h1="k1", h2="k1", h3="k3")
    for v6 in BOTH:
        answer = agree(l, "h1", "h3", "icmp", v6, size=1450)
        [note] = [n for n in answer["notes"] if n["kind"] == "mtu"]
        assert answer["verdict"] == "reachable" and "hosts of network" in note["text"] and "carry 1450" in note["text"], answer
        answer = agree(l, "h1", "h3", "icmp", v6, size=1451)
        cause = the(answer)
        assert cause["kind"] == "mtu" and "carries 1450" in cause["text"], cause
    # On one switch there is no tunnel.
    answer = agree(l, "h1", "h2", "icmp", size=1500)
    assert answer["verdict"] == "reachable" and not answer["notes"], "no tunnel is on the way"
    set_mtu(l, 1450, h1="k1", h2="k1", h3="k3")


def test_duplicate_ip(lab):
    l = lab(text())
    known(l, "h1", "h3", "g2")
    shared = address(l, "h3")
    l.exec("g2", "ip", "addr", "add", f"{shared}/24", "dev", "eth0")
    question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac_bytes(l.vm("g2")["mac"]) + bytes(map(int, shared.split("."))) \
        + bytes(6) + bytes(map(int, shared.split(".")))
    l.wire("g2").send(ethernet(BROADCAST, l.vm("g2")["mac"], question, 0x0806))
    wait_for("it is told", lambda: any(p["kind"] == "duplicate-ip" for p in l.status()["problems"]), 15)
    cause = explain(l, "h1", shared, code=4)["directions"][0]["causes"][0]
    assert cause["kind"] == "duplicate-ip", cause
    assert l.vm("h3")["mac"] in cause["text"] and l.vm("g2")["mac"] in cause["text"], cause
    # Really: two answers.
    wire = l.wire("h1")
    wire.forget()
    ask = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac_bytes(l.vm("h1")["mac"]) + bytes(map(int, l.ip("h1").split("."))) \
        + bytes(6) + bytes(map(int, shared.split(".")))
    wire.send(ethernet(BROADCAST, l.vm("h1")["mac"], ask, 0x0806))
    for vm in ("h3", "g2"):
        assert wire.wait(lambda f: f[12:14] == b"\x08\x06" and f[20:22] == b"\0\x02" and f[22:28] == mac_bytes(l.vm(vm)["mac"]))


def test_switch_away(lab):
    l = lab(text())
    known(l, "h1", "h3")
    host = l.map["hosts"]["k3"]
    pid = int(pathlib.Path(host["vswitchd_pid_file"]).read_text())
    os.kill(pid, signal.SIGKILL)
    wait_for("it is away", lambda: l.switch("k3")["state"] != "connected", 15)
    answer = agree(l, "h1", "h3", traces=False)
    for direction in answer["directions"]:
        assert "switch-away" in kinds(direction), direction
    assert "k3" in answer["directions"][0]["causes"][0]["text"]
    # The others do not notice.
    known(l, "h1", "h2")
    assert agree(l, "h1", "h2")["verdict"] == "reachable"


def test_the_same_address_in_two_networks(lab):
    l = lab("version: 1\nswitches:\n  k1: {dpid: 0x11, vtep: 10.99.0.1}\n  k2: {dpid: 0x12, vtep: 10.99.0.2}\nnetworks:\n"
            "  a: {subnet: 10.0.0.0/24, ports: [k1:a1, k2:a2]}\n  b: {subnet: 10.0.0.0/24, ports: [k1:b1, k2:b2]}\n"
            "x-lab:\n  vms:\n" + "".join(f"    {n}{i}: {{port: \"k{i}:{n}{i}\", ip: 10.0.0.{i}}}\n" for n in "ab" for i in (1, 2)))
    for n in "ab":
        known(l, f"{n}1", f"{n}2", v6=False)
    told = explain(l, "10.0.0.1", "10.0.0.2", code=1)
    assert "a/10.0.0.1" in told and "b/10.0.0.1" in told, told
    for n in "ab":
        answer = explain(l, f"{n}/10.0.0.1", "10.0.0.2", code=0)
        assert answer["to"]["port"] == f"{n}2"
        agree(l, f"{n}1", f"{n}2", names=(f"{n}1", "10.0.0.2"))
    assert the(explain(l, "a/10.0.0.1", "b/10.0.0.2", code=4))["kind"] == "different-network"


LINKED = """version: 1
switches:
  k1: {dpid: 0x11}
  k2: {dpid: 0x12}
  k3: {dpid: 0x13}
links:
  - {between: [k1:e12, k2:e12]}
  - {between: [k2:e23, k3:e23]}
networks:
  lan: {subnet: 10.0.0.0/24, ports: ["k1:h1", "k3:h3"]}
"""


def test_links(lab):
    l = lab(LINKED)
    wait_for("links", lambda: all(x["state"] == "up" for x in l.weft("show", "links")["links"]), 30)
    known(l, "h1", "h3")
    for v6 in BOTH:
        answer = agree(l, "h1", "h3", "icmp", v6)
        steps = leg(answer, "request")["steps"]
        assert [s["text"] for s in steps if s["text"].startswith(("in by", "out by"))] == \
            ["in by h1", "out by link k1:e12-k2:e12", "in by link k1:e12-k2:e12", "out by link k2:e23-k3:e23",
             "in by link k2:e23-k3:e23", "out by h3"]
    run("ip", "-n", l.map["hosts"]["k2"]["ns"], "link", "set", "e23", "down")
    wait_for("down", lambda: any(x["state"] == "down" for x in l.weft("show", "links")["links"]))
    l.wait_rest()
    answer = agree(l, "h1", "h3", traces=False)
    assert answer["verdict"] == "blocked" and all(d["causes"] for d in answer["directions"]), answer


# --- the LAN -----------------------------------------------------------------------------

def test_machines_on_the_lan(lab):
    l = lab(OFFICE)
    l.ping_all(ALL)
    l.wait_rest()
    wait_for("the printer is known", lambda: any(h["mac"] == l.vm("printer")["mac"] for h in l.hosts()))
    answer = agree(l, "a1", "printer")
    assert answer["verdict"] == "reachable" and answer["to"]["lan"] and answer["to"]["switch"] == "k3"
    texts = [s["text"] for s in leg(answer, "request")["steps"]]
    assert "out by eno2 onto the LAN" in texts and "in by the tunnel from k1" in texts
    answer = explain(l, "a1", "k2:eno2", "ethernet", code=4)
    assert kinds(answer["directions"][0])[0] == "standby", answer["directions"][0]["causes"]
    # No port to the LAN is alive.
    for host in ("k2", "k3"):
        run("ip", "-n", l.map["hosts"][host]["ns"], "link", "set", "eno2", "down")
        wait_for("down", lambda: not l.port(host, "eno2")["up"])
    l.wait_rest()
    answer = explain(l, "a1", l.ip("printer"), code=4)
    found = set(kinds(answer["directions"][0]))
    assert found & {"port-down", "gateway-down"}, answer["directions"][0]["causes"]
    assert real(l, "a1", "printer") == "silent"
    assert agree(l, "a1", "a2")["verdict"] == "reachable"


def test_uplinks(lab):
    l = lab(LAN3)
    l.ping_all()
    known(l, "a1", "a2")
    answer = agree(l, "a1", "a2")
    assert answer["verdict"] == "reachable"
    assert [s["text"] for s in leg(answer, "request")["steps"] if "LAN" in s["text"]] == \
        ["out by up1 onto the LAN", "in by up2 from the LAN"]
    run("ip", "-n", l.map["hosts"]["k2"]["ns"], "link", "set", "up2", "down")
    wait_for("down", lambda: not l.port("k2", "up2")["up"])
    answer = agree(l, "a1", "a2", traces=False)
    assert "uplink-down" in kinds(answer["directions"][0]) and "k2:up2" in answer["directions"][0]["causes"][0]["text"]


def test_trunks(lab):
    l = lab(text(h1="{port: k1:h1, tag: 7}", h3="{port: k3:h3, tag: 9}"))
    known(l, "h1", "h3")
    for v6 in BOTH:
        assert agree(l, "h1", "h3", "tcp/5001", v6)["verdict"] == "reachable"
    answer = explain(l, "h1", "h3", "--probe", code=0)
    assert answer["from"]["tag"] == 7 and answer["probe"]["verdict"] == "delivered", answer["probe"]


# --- rows --------------------------------------------------------------------------------

def test_rows_of_others(three):
    """A row that is not weft's, in front of all: it is named, not touched."""
    l = three
    ofport = l.port("k1", "h1")["ofport"]
    l.ofctl("k1", "add-flow", "br-int", f"table=0,cookie=0xabc,priority=65000,in_port={ofport},actions=drop")
    wait_for("it is seen", lambda: l.weft("show", "flows", "state=foreign")["flows"], 60)
    answer = agree(l, "h1", "h3")
    cause = answer["directions"][0]["causes"][0]
    assert cause["kind"] == "foreign" and "0xabc" in cause["text"], cause
    l.ofctl("k1", "--strict", "del-flows", "br-int", f"table=0,priority=65000,in_port={ofport}")
    wait_for("it is gone", lambda: not l.weft("show", "flows", "state=foreign")["flows"], 60)
    assert agree(l, "h1", "h3")["verdict"] == "reachable"


def test_how_long_it_takes(lab, capsys):
    """1,000 rules and three groups of 1,000 addresses on three switches."""
    groups = "".join("  g%d: [%s]\n" % (g, ", ".join(f"10.{g + 1}.{i // 250}.{i % 250 + 1}" for i in range(1000))) for g in range(3))
    rules = "".join("    - {allow: tcp, port: %d, from: g%d, to: g%d}\n" % (1000 + i, i % 3, (i + 1) % 3) for i in range(1000))
    l = lab(text(acl="    acl: large\n", rest=f"groups:\n{groups}acls:\n  large:\n{rules}    - {{allow: icmp}}\n    - {{allow: icmp6}}\n"))
    known(l, "h1", "h3")
    l.wait_rest(60)
    agree(l, "h1", "h3")
    took = []
    for words in (("h1", "h3"), ("h1", "h3", "tcp/80")) * 5:
        began = time.monotonic()
        explain(l, *words)
        took.append(1000 * (time.monotonic() - began))
    with capsys.disabled():
        print(f"\nexplain, 1000 rules and 3 x 1000 addresses, {len(l.flows('k1'))} rows a switch: "
              f"{sorted(took)[len(took) // 2]:.0f} ms, at most {max(took):.0f} ms")
    assert sorted(took)[len(took) // 2] < 2000


# --- probe -------------------------------------------------------------------------------

def test_probe(three):
    l = three
    l.edit(text(acl="    acl: block\n", rest=NO_5001))
    known(l, "h1", "h3")
    there = l.wire("h3")
    for proto, goes in (("icmp", True), ("tcp/5002", True), ("tcp/5001", False), ("udp/5002", True)):
        there.forget()
        answer = explain(l, "h1", "h3", proto, "--probe")
        probe = answer["probe"]
        assert probe["verdict"] == ("delivered" if goes else "dropped"), (proto, probe)
        assert probe["came_to"] == ("k3" if goes else "k1")
        marked = has(b"weft-probe")
        if goes:
            assert there.wait(marked), proto
        assert there.count(marked) == (5 if goes else 0)
        # Nobody answers it: the checksum is wrong.
        assert not l.wire("h1").count(lambda f: f[:6] == mac_bytes(l.vm("h1")["mac"]) and marked(f))
    assert explain(l, address(l, "h1", True), address(l, "h3", True), "tcp/5002", "--probe")["probe"]["verdict"] == "delivered"
    assert explain(l, "h1", "h3", "arp", "--probe")["probe"]["verdict"] == "delivered"
    assert "no probe" in explain(l, "h1", "h3", "47", "--probe", code=1)


def test_another_hand(three):
    """A row was deleted behind weftd's back, and no audit has seen it yet: the rows that weftd
    believes in say yes, the probe and the counters say no."""
    l = three
    known(l, "h1", "h3")
    ofport = l.port("k3", "h3")["ofport"]
    row = next(f.split("table=100, ")[1].split(" actions=")[0].split(", ")[-1].join(["table=100,", ""]) for f in l.flows("k3", "table=100")
               if f"reg2={ofport:#x}" in f or f"reg2={ofport}" in f)

    def probe_without_the_row():
        """Null: an audit was faster and has put it back."""
        l.ofctl("k3", "--strict", "del-flows", "br-int", row)
        probe = explain(l, "h1", "h3", "icmp", "--probe")["probe"]
        return probe if probe["verdict"] != "delivered" else None

    probe = wait_for("a probe between a deletion and an audit", probe_without_the_row)
    assert probe["verdict"] == "lost" and probe["came_to"] == "k3", probe
    wait_for("repaired", lambda: l.ping("h1", "h3", 1, 1), 40)
    assert explain(l, "h1", "h3", "icmp", "--probe")["probe"]["verdict"] == "delivered"


def test_words(three):
    """What people read: verdict first, why, what to do, where it ends."""
    l = three
    l.edit(text(acl="    acl: block\n", rest=NO_5001))
    done = run(WEFT, "--run-dir", l.dir / "run", "explain", "h1", "h3", "tcp/5001", check=False, env=l.env)
    assert done.returncode == 4
    lines = done.stdout.splitlines()
    assert lines[0] == "BLOCKED: h1 and h3, tcp/5001"
    assert "h1 begins, h3 answers: BLOCKED" in lines
    assert any(line.endswith("<- ends here") and "no-5001" in line for line in lines), done.stdout
    assert any(line.startswith("    -> put {allow: tcp, port: 5001") for line in lines)
    l.edit(text(h1="{port: k1:h1, acl: block}", rest=NO_5001))
    for words, code, head in (((), 4, "BLOCKED one way: tcp/5001 from h1 to h3; from h3 to h1 it passes"),
                              (("--one-way",), 4, "BLOCKED: tcp/5001 from h1 to h3")):
        done = run(WEFT, "--run-dir", l.dir / "run", "explain", "h1", "h3", "tcp/5001", *words, check=False, env=l.env)
        assert (done.returncode, done.stdout.splitlines()[0]) == (code, head), done.stdout
    done = run(WEFT, "--run-dir", l.dir / "run", "explain", "h3", "h1", "tcp/5001", "--one-way", check=False, env=l.env)
    assert done.returncode == 0 and done.stdout.startswith("REACHABLE: tcp/5001 from h3 to h1\n"), done.stdout
    done = run(WEFT, "--run-dir", l.dir / "run", "explain", "h1", "h3", check=False, env=l.env)
    assert done.returncode == 0 and done.stdout.startswith("REACHABLE both ways: h1 and h3, icmp\n")
    l.edit(text())
