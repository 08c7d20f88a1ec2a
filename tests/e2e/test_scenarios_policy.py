# SPDX-License-Identifier: Apache-2.0
"""Black-box scenarios of policy that fit nowhere else: S38, and S47 in the words of the
file. Its third part, source NAT, is not in this release."""
import re

from agree import agree, explains, kinds
from test_acl import check_ports, connect, hosts_text, rows, serve
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
