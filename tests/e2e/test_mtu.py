# SPDX-License-Identifier: Apache-2.0
"""What the file says of MTUs is what frames find."""
from weftlab import WEFT, run

TUNNELS = """version: 1
%s
switches:
  k1: {dpid: 0x11, vtep: 10.99.0.1}
  k2: {dpid: 0x12, vtep: 10.99.0.2}
networks:
  office: {subnet: 10.20.0.0/24, %s ports: ["k1:a1", "k2:a2"]}
"""
HEADERS = 28                            # of IPv4 and ICMP, beside what ping counts


def fits(l, mtu, a="a1", b="a2"):
    """Does a packet of that size get there and back, in one piece?"""
    return l.exec(a, "ping", "-n", "-q", "-M", "do", "-s", mtu - HEADERS, "-i", "0.2", "-c", 3, "-w", 3, l.ip(b),
                  check=False).returncode == 0


def problems(l):
    return {p["kind"]: p for p in l.weft("status")["problems"]}


def office(l):
    [network] = l.weft("show", "networks")["networks"]
    return network


def test_jumbo_frames(lab):
    l = lab(TUNNELS % ("underlay_mtu: 9100", "mtu: 9000,"))
    assert l.vm("a1")["mtu"] == 9000
    assert l.ping("a1", "a2", 1, 5)
    l.wait_rest()
    assert fits(l, 9000)
    assert office(l)["guest_mtu"] == 9050 and office(l)["mtu"] == 9000
    assert l.status()["verdict"] == "ok" and not {"mtu", "guest-mtu"} & set(problems(l))


def test_guests_have_what_fits_into_the_tunnels(lab):
    l = lab(TUNNELS % ("", ""))
    assert l.vm("a1")["mtu"] == 1450
    assert l.ping("a1", "a2", 1, 5)
    l.wait_rest()
    assert fits(l, 1450)
    assert office(l)["guest_mtu"] == 1450 and office(l)["mtu"] is None
    assert l.status()["verdict"] == "ok"
    assert problems(l)["guest-mtu"]["severity"] == "info" and "1450" in problems(l)["guest-mtu"]["text"]


def test_hosts_of_1500_on_tunnels_of_1450_are_told(lab):
    l = lab(TUNNELS % ("", "mtu: 1500,"))
    done = run(WEFT, "check", l.file)
    assert "[W108]" in done.stderr and "give the underlay 1550" in done.stderr, done.stderr
    assert "network office goes by VXLAN: its guests need an MTU of at most 1450" in done.stdout
    assert l.ping("a1", "a2", 1, 5)
    l.wait_rest()
    # It is true: what fits goes, what does not is lost without a word.
    assert fits(l, 1450)
    assert not fits(l, 1500)
    problem = problems(l)["mtu"]
    assert problem["severity"] == "warning" and problem["network"] == "office", problem
    assert l.status()["verdict"] == "degraded"
    # One of the ways out.
    l.edit(TUNNELS % ("", "mtu: 1450,"))
    assert "mtu" not in problems(l) and l.status()["verdict"] == "ok"
