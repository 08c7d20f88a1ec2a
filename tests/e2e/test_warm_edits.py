# SPDX-License-Identifier: Apache-2.0
"""Scenario S58: edits of a network of three bridges joined by cables, tagged and untagged,
while its hosts talk. What an edit is not about loses nothing, what goes over a cable of it 50 ms
at most."""
import pytest

from test_links import links, settled_links
from test_reload import Prober
from weftlab import wait_for

FILE = """version: 1
switches: {a: {dpid: 1}, b: {dpid: 2}, c: {dpid: 3}}
networks:
  red:
    subnet: 10.20.0.0/24
    link_vlan: 70
    ports: [a:ra, b:rb, {port: "c:rc", tag: 30}, "c:trunk"]
  green:
    subnet: 10.30.0.0/24
    link_vlan: 71
    ports: [a:ga, {port: "c:gc", tag: 31}, {port: "c:trunk", tag: 45}]
links:
  - {between: [a:l0, b:l0]}
  - {between: [b:l1, c:l1]}
  - {between: [a:l2, c:l2]}
"""
RED, GREEN = ("ra", "rb", "rc"), ("ga", "gc")

# What is edited, how many links are left, and who can speak then.
EDITS = {
    "the native VLAN of a trunk": (('"c:trunk"]', '{port: "c:trunk", tag: 44}]'), 3, RED),
    "an option of a network": (("subnet: 10.30.0.0/24", "subnet: 10.30.0.0/24\n    flood: false"), 3, RED),
    "a port that goes": (("b:rb, ", ""), 3, ("ra", "rc")),
    "a cable at one end": (("  - {between: [a:l2, c:l2]}\n", ""), 2, RED),
    "a cable in the middle": (("  - {between: [b:l1, c:l1]}\n", ""), 2, RED),
}


@pytest.fixture(scope="module")
def one_lab():
    from weftlab import Lab
    with Lab(FILE) as l:
        settled_links(l, 3)
        yield l


@pytest.mark.parametrize("what", EDITS)
def test_s58(one_lab, what):
    l = one_lab
    (old, new), n_links, red = EDITS[what]
    assert old in FILE
    for vms in (RED, GREEN):
        l.ping_all(vms)
    probers = [Prober(l, "ga", "gc", "0.005")] + ([Prober(l, "ra", "rb", "0.005")] if "rb" in red else [])
    since = {s["name"]: s["since_ms"] for s in l.weft("show", "switches")["switches"]}
    l.edit(FILE.replace(old, new))
    wait_for("links are up within a second", lambda: sum(k["state"] == "up" for k in links(l)) == n_links, 1)
    l.ping_all(red)
    l.ping_all(GREEN)
    l.edit(FILE)
    wait_for("links are up within a second", lambda: sum(k["state"] == "up" for k in links(l)) == 3, 1)
    l.wait_rest()
    lost = [sent - received for sent, received in (p.stop() for p in probers)]
    # Plain ways are changed break-before-make: some milliseconds.
    most = 10 if "cable" in what else 0
    assert all(n <= most for n in lost), lost
    for vms in (RED, GREEN):
        l.ping_all(vms)
    assert {s["name"]: s["since_ms"] for s in l.weft("show", "switches")["switches"]} == since
