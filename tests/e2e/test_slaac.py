# SPDX-License-Identifier: Apache-2.0
"""Hosts that give themselves addresses (SLAAC) at guarded ports: real kernels, a router that
announces a prefix, and who wants what another one has."""
import signal
import socket
import struct

import dhcp
from agree import explain, frame_agrees, kinds, known
from frames import ethernet, mac_bytes
from test_arp import ip_bytes, sum16
from test_guard import HEAD, blocked, crosses, ip6_frame, leases, plain, told, violations
from test_guard import advertisement, solicitation
from weftlab import wait_for

PREFIX = "fd00:20::"
FILE = HEAD + """    guard: all
    slaac: "fd00:20::/64"
    ports:
      - {port: k2:rtr, trust: all}
      - "k?:v*"
x-lab:
  vms:
    rtr: {port: "k2:rtr", ip6: "fd00:20::1"}
    v1: {port: "k1:v1", ip: none, ip6: none}
    v2: {port: "k2:v2", ip: none, ip6: none}
    v3: {port: "k1:v3", ip: none, ip6: none}
"""


def announcement(src):
    """A router advertisement with the prefix, for an hour; good to the last bit (RFC 4861, 4.2, 4.6.2)."""
    source, all_nodes = ip_bytes(dhcp.link_local(src)), ip_bytes("ff02::1")
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\1\1" + mac_bytes(src)
    body += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 3600, 0) + ip_bytes(PREFIX)
    checksum = ~sum16(source + all_nodes + struct.pack("!II", len(body), 58) + body) & 0xffff
    body = body[:2] + struct.pack("!H", checksum) + body[4:]
    return ethernet("33:33:00:00:00:01", src, struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + all_nodes + body, 0x86dd)


def own_address(l, vm):
    """The one that its kernel has made, when it has found that nobody else has it."""
    for line in l.exec(vm, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global", check=False).stdout.splitlines():
        if "tentative" not in line and "dadfailed" not in line and PREFIX[:-1] in line:
            return line.split()[3].partition("/")[0]
    return None


def takes_addresses(l, vm, by_routers=True):
    l.exec(vm, "sysctl", "-qw", f"net.ipv6.conf.eth0.accept_ra={2 if by_routers else 0}")
    for key in ("disable_ipv6=0", "autoconf=1", "accept_dad=1", "dad_transmits=1", "use_tempaddr=0", "addr_gen_mode=0"):
        l.exec(vm, "sysctl", "-qw", f"net.ipv6.conf.eth0.{key}")
    l.exec(vm, "ip", "link", "set", "eth0", "down")
    l.exec(vm, "ip", "link", "set", "eth0", "up")


def pings(l, vm, ip, wait=8):
    return l.exec(vm, "ping", "-6", "-n", "-q", "-c", "2", "-i", "0.2", "-w", str(wait), ip, check=False).returncode == 0


def test_hosts_keep_what_they_took_first(lab):
    l = lab(FILE)
    router, mac = f"{PREFIX}1", {vm: l.vm(vm)["mac"] for vm in l.map["vms"]}
    l.ping_all(["rtr"])
    for vm in ("v1", "v2", "v3"):
        takes_addresses(l, vm, vm != "v2")
    with l.wire("rtr") as rtr, l.wire("v1") as v1, l.wire("v2") as v2, l.wire("v3") as v3:
        addresses = {}

        def all_have_one():
            rtr.send(announcement(mac["rtr"]))
            addresses.update({vm: own_address(l, vm) for vm in ("v1", "v3")})
            return all(addresses.values())

        wait_for("kernels have addresses", all_have_one, 30)
        for vm, place in (("v1", "k1:v1"), ("v3", "k1:v3")):
            wait_for(f"{vm} has it by what it asked", lambda: (mac[vm], addresses[vm]) in leases(l, *place.split(":")), 5)
        assert not violations(l), "they were learned from their question, before a frame was lost"
        [entry] = [e for e in l.port("k1", "v1")["networks"][0]["leases"] if e["ip"] == addresses["v1"]]
        assert entry["by"] == "slaac" and entry["seconds_left"] is None, entry
        assert pings(l, "v1", router) and pings(l, "v3", router) and pings(l, "v1", addresses["v3"])
        assert not violations(l), violations(l)
        for frame in (ip6_frame(mac["v1"], addresses["v1"], b"its own"), advertisement(mac["v1"], addresses["v1"], addresses["v1"])):
            rtr.forget()
            assert crosses(v1, rtr, frame, ip_bytes(addresses["v1"]))
            frame_agrees(l, "v1", "rtr", frame, True)
        # Another one asks for it: it is heard, and the owner answers. What it says in that name is dropped.
        v2.send(plain(mac["v2"], b"i am here"))
        l.wait_host(mac["v2"], "k2:v2")
        v2.forget()
        v2.send(solicitation(mac["v2"], "::", addresses["v1"]))
        assert v2.wait(lambda f: f[12:14] == b"\x86\xdd" and f[54] == 136 and ip_bytes(addresses["v1"]) in f), "the owner does not answer"
        assert {"no-lease"} == blocked(l, v2, (rtr, v3), [
            ip6_frame(mac["v2"], addresses["v1"], b"stolen"), advertisement(mac["v2"], addresses["v1"], addresses["v1"]),
            advertisement(mac["v2"], dhcp.link_local(mac["v2"]), addresses["v1"]), ip6_frame(mac["v1"], addresses["v1"], b"stolen"),
            # The router's, which stands at a trusted port and was heard.
            ip6_frame(mac["v2"], router, b"i am the router"),
            # Not of the prefix.
            ip6_frame(mac["v2"], "fd00:21::2", b"of nowhere"),
        ], plain(mac["v2"], b"it is still there"))
        told(l, f"lan: port k2:v2 sent from {addresses['v1']} ({mac['v2']}), which is leased to {mac['v1']}")
        # A real kernel finds out as well.
        l.exec("v2", "ip", "addr", "add", f"{addresses['v1']}/64", "dev", "eth0")
        wait_for("it sees that the address is taken", lambda: "dadfailed" in l.exec("v2", "ip", "-6", "addr", "show", "dev", "eth0").stdout, 15)
        # Without a question, what is free is had by who speaks first.
        l.wait_rest()
        spoken = ip6_frame(mac["v2"], f"{PREFIX}222", b"i speak")
        rtr.forget()
        v2.send(spoken)
        wait_for("it has it", lambda: (mac["v2"], f"{PREFIX}222") in leases(l, "k2", "v2"), 5)
        l.wait_rest()
        assert crosses(v2, rtr, spoken, b"i speak")
        # Over a restart, and without weftd.
        l.kill_weftd(signal.SIGKILL)
        assert pings(l, "v1", router)
        rtr.forget()
        v2.send(ip6_frame(mac["v2"], addresses["v3"], b"stolen while nobody looks"))
        assert crosses(v2, rtr, spoken, b"i speak")
        assert not rtr.count(lambda f: b"stolen" in f)
        l.start_weftd_without("k2")
        assert {(mac["v1"], addresses["v1"])} <= leases(l, "k1", "v1") and {(mac["v2"], f"{PREFIX}222")} <= leases(l, "k2", "v2")
        assert pings(l, "v1", router) and pings(l, "v3", addresses["v1"])
        # A machine that moves to another host keeps its address.
        ns = l.map["hosts"]["k1"]["ns"]
        l.ns(ns, "ip", "link", "set", "v3", "down")
        wait_for("the port is down", lambda: not l.port("k1", "v3")["up"])
        moved = ip6_frame(mac["v3"], addresses["v3"], b"i moved")
        wait_for("its address follows it", lambda: crosses(v2, rtr, moved, b"i moved", 0.3), 10)
        assert (mac["v3"], addresses["v3"]) in leases(l, "k2", "v2")
