# SPDX-License-Identifier: Apache-2.0
"""Routers and neighbours that hide behind fragments and extension headers, on real switches:
none of it comes out at another port, it is counted by a row of its own, and told."""
import struct

import dhcp
from frames import has
from test_arp import solicitation
from test_guard import HEAD, advertisement, blocked, dropped, plain, router_advertisement, told
from weftlab import wait_for

FILE = HEAD + """    guard: all
    ports:
      - {port: k1:rtr, trust: all}
      - "k?:v*"
x-lab:
  vms: {v1: {port: "k1:v1", ip: none, ip6: none}, v2: {port: "k2:v2", ip: none, ip6: none}}
"""
HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS = 0, 43, 44, 60
MORE = 1


def with_header(frame, kind, word=0, length=0):
    """An extension header in front of what is there (RFC 8200, 4)."""
    size = struct.unpack("!H", frame[18:20])[0] + 8
    return frame[:18] + struct.pack("!HB", size, kind) + frame[21:54] + bytes([frame[20], length]) + struct.pack("!HI", word, 0) + frame[54:]


def first(frame):
    return with_header(frame, FRAGMENT, MORE)


def later(frame):
    return with_header(frame, FRAGMENT, 8 << 3)


def test_nothing_hides(lab):
    l = lab(FILE)
    mac = l.vm("v1")["mac"]
    link = dhcp.link_local(mac)
    said = {"ra": router_advertisement(mac), "na": advertisement(mac, link, "fd00::1"), "ns": solicitation(mac, link, "fd00::1")}
    with l.wire("v1") as v1, l.wire("v2") as v2, l.wire("rtr") as rtr:
        v1.send(plain(mac, b"i am here"))
        l.wait_host(mac, "k1:v1")

        def count(priority):
            return dropped(l, "k1", "table=10,", f"priority={priority},", "in_port=" + str(l.port("k1", "v1")["ofport"]))

        for priority, frames in (
            (840, [first(f) for f in said.values()] + [first(with_header(said["ra"], OPTIONS)), with_header(first(said["ra"]), OPTIONS)]),
            (835, [first(with_header(said["ra"], OPTIONS, length=200)), with_header(said["na"], HOP_BY_HOP, length=200)]),
            (800, [with_header(said["ra"], OPTIONS), with_header(said["ra"], HOP_BY_HOP), with_header(said["ra"], FRAGMENT)]),
        ):
            before = count(priority)
            blocked(l, v1, (v2, rtr), frames, plain(mac, b"it goes on %d" % priority))
            wait_for("each is counted by its row", lambda: count(priority) == before + len(frames))
        told(l, f"lan: port k1:v1 sent from", mac, "in fragments or behind headers that are cut off")
        told(l, "lan: rogue router at k1:v1")
        # What may pass does: the rest of something, a ping that is too large, and all of it from a router.
        ping = bytearray(first(said["ns"]))
        ping[21], ping[62] = 64, 128
        for frame in (later(said["ra"]), bytes(ping)):
            v2.forget()
            v1.send(frame)
            assert v2.wait(has(frame[14:60]))
        own = first(router_advertisement(l.vm("rtr")["mac"]))
        rtr.send(own)
        assert v2.wait(has(own[14:60]))
