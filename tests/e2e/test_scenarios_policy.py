# SPDX-License-Identifier: Apache-2.0
"""Black-box scenarios of policy that fit nowhere else: S38, and S47 in the words of the
file. More of its third part, source NAT, is in test_snat.py."""
import re
import signal
import socket

from agree import agree, kinds, known
from test_acl import TALKER, check_ports, connect, hosts_text, rows, serve, spawn
from weftlab import run, wait_for

ROW = re.compile(r"(duration|n_packets|n_bytes|idle_age|hard_age)=[^,]*, ?")


def acl_rows(l, host):
    """Rows of rules, and what is left of them over time: all but counters."""
    return {ROW.sub("", f): int(re.search(r"duration=(\d+)", f).group(1)) for f in l.flows(host)
            if re.search(r"table=(2[0-9]|3[0-9]|8[0-9]|90|110),", f) or "table=0," in f}


BLOCK = """acls:
  block:
    - {deny: tcp, port: 5001, name: no-5001}
    - {allow: any}
"""


def test_s38_rules_outlive_a_link_that_goes_down_and_up(lab):
    """A port that goes down keeps its rows: nothing to opt out of."""
    l = lab(hosts_text(h1="{port: k1:h1, acl: block}", rest=BLOCK))
    l.ping_all()
    serve(l, "h2", 5001, 5002)
    check_ports(l, "h1", "h2", {5001: "silent", 5002: "open"})
    before, sent = acl_rows(l, "k1"), l.sent()
    assert any("tp_dst=5001" in row for row in before)
    ns = l.map["hosts"]["k1"]["ns"]
    for _ in range(3):
        run("ip", "-n", ns, "link", "set", "h1", "down")
        wait_for("weftd has seen it go", lambda: not l.port("k1", "h1")["up"])
        down = acl_rows(l, "k1")
        assert set(down) == set(before)
        for answer in (agree(l, "h1", other, names=("k1:h1", l.vm(other)["where"]), traces=False) for other in ("h2", "h3")):
            assert all("port-down" in kinds(d) for d in answer["directions"]), answer
        run("ip", "-n", ns, "link", "set", "h1", "up")
        wait_for("weftd has seen it come", lambda: l.port("k1", "h1")["up"])
    l.wait_rest()
    after = acl_rows(l, "k1")
    # The same rows, and not made anew: they are as old as they were.
    assert set(after) == set(before)
    assert all(after[row] >= before[row] for row in before)
    assert l.sent() == sent
    wait_for("h1 is back", lambda: connect(l, "h1", "h2", 5002) == "open")
    check_ports(l, "h1", "h2", {5001: "silent", 5002: "open"}, v6s=(False,))


UNTRACKED = """acls:
  front:
    stateful: false
    rules:
      - {deny: tcp, name: no-tcp}
      - {allow: any}
"""
TRACKED = """acls:
  front:
    - {allow: tcp, port: 5001, name: commit}
    - {deny: tcp, name: no-tcp}
    - {allow: any}
"""


def is_syn(port):
    """An IPv4 SYN to that port, with no other flag."""
    return lambda f: len(f) > 47 and f[12:14] == b"\x08\x00" and f[23] == 6 and f[36:38] == port.to_bytes(2, "big") \
        and f[47] == 0x02


def rule(l, name):
    return next(a for a in l.weft("show", "acls")["acls"] if a["rule"] == name)


def test_s47_untracked_is_denied_and_what_is_committed_passes(lab):
    """To a host on the same switch and to one on another."""
    l = lab(hosts_text(h1="{port: k1:h1, acl: front}", rest=UNTRACKED))
    l.ping_all()
    for other in ("h2", "h3"):
        serve(l, other, 5001)
    with l.wire("h2") as h2, l.wire("h3") as h3:
        for other in ("h2", "h3"):
            check_ports(l, "h1", other, {5001: "silent"}, v6s=(False,))
        assert not h2.count(is_syn(5001)) and not h3.count(is_syn(5001))
        assert not rows(l, "k1", "ct(")
        wait_for("it is counted", lambda: rule(l, "no-tcp")["packets"] > 0, 40)
        l.edit(hosts_text(h1="{port: k1:h1, acl: front}", rest=TRACKED))
        for other, wire in (("h2", h2), ("h3", h3)):
            check_ports(l, "h1", other, {5001: "open", 5002: "silent"}, v6s=(False,))
            assert wire.wait(is_syn(5001)) and not wire.count(is_syn(5002))
    # Both rows of tracking have counted: the one that asks, and the one that commits.
    asked = [f for f in rows(l, "k1", "ct(", "table=20,") if not re.search(r"n_packets=0,", f)]
    committed = [f for f in rows(l, "k1", "commit", "table=90,") if not re.search(r"n_packets=0,", f)]
    assert asked and committed, l.flows("k1")
    wait_for("the rule has counted", lambda: rule(l, "commit")["packets"] > 0, 40)


# All of S47: h1 on k1 and h3 on k2 speak to h2 as one.
HIDDEN = hosts_text(acl="    acl_out: hide\n", rest="""acls:
  hide:
    - {allow: tcp, to: 192.0.2.20, snat: 192.0.2.250, name: hidden}
    - {deny: tcp, name: no-tcp}
    - {allow: any}
x-lab:
  vms: {h1: {port: "k1:h1", ip: 192.0.2.10}, h2: {port: "k1:h2", ip: 192.0.2.20}, h3: {port: "k2:h3", ip: 192.0.2.30}}
""").replace("10.0.0.0/24", "192.0.2.0/24")


def syn_from(ip):
    return lambda f: is_syn(5001)(f) and f[26:30] == socket.inet_aton(ip)


def test_s47_snat_h2_sees_another_source(lab):
    l = lab(HIDDEN)
    l.ping_all()
    known(l, "h1", "h2", "h3")
    serve(l, "h2", 5001)
    serve(l, "h1", 5001)
    with l.wire("h2") as h2:
        talks = {who: spawn(l, who, TALKER.replace("ADDRESS", l.ip("h2")).replace("PORT", "5001")) for who in ("h1", "h3")}
        for talk in talks.values():
            assert talk.stdout.readline() == "ready\n"
        assert h2.wait(syn_from("192.0.2.250"))
        assert not h2.count(syn_from("192.0.2.10")) and not h2.count(syn_from("192.0.2.30"))
    # The other way round is another connection, and no rule lets it pass.
    assert connect(l, "h2", "h1", 5001) == "silent"
    for who in ("h1", "h3"):
        there, back = agree(l, who, "h2", "tcp/5002")["directions"]
        assert any(s["text"] == "source becomes 192.0.2.250" for leg in there["legs"] for s in leg["steps"]), there
        assert kinds(back) == ["denied"]
    wait_for("the rule has counted", lambda: rule(l, "hidden")["packets"] > 0, 40)
    # Both connections outlive a restart, which sends nothing.
    l.kill_weftd(signal.SIGKILL)
    l.start_weftd()
    l.wait_rest()
    assert set(l.sent().values()) == {0}
    for talk in talks.values():
        talk.stdin.write("\n")
        talk.stdin.flush()
        assert talk.stdout.readline() == "sent\n"
    known_now = l.appctl("k1", "dpctl/dump-conntrack")
    assert len([c for c in known_now.splitlines() if "dst=192.0.2.250" in c and "ESTABLISHED" in c]) >= 2, known_now
