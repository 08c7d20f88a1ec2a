# SPDX-License-Identifier: Apache-2.0
"""Frames of DHCP, of both kinds (RFC 2131, RFC 8415), as far as a lease needs them."""
import socket
import struct

from frames import BROADCAST, ethernet, mac_bytes, udp

ALL_SERVERS = "33:33:00:01:00:02"


def ip6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def bootp(op, mac, message, ciaddr="0.0.0.0", yiaddr="0.0.0.0", options=b""):
    body = struct.pack("!BBBBIHH4s4s4s4s", op, 1, 6, 0, 0x77656674, 0, 0x8000, socket.inet_aton(ciaddr),
                       socket.inet_aton(yiaddr), bytes(4), bytes(4))
    return (body + mac_bytes(mac).ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, message])
            + options + b"\xff")


def discover(mac):
    return udp(BROADCAST, mac, bootp(1, mac, 1), "0.0.0.0", "255.255.255.255", 68, 67)


def request(mac, ip):
    return udp(BROADCAST, mac, bootp(1, mac, 3, options=b"\x32\x04" + socket.inet_aton(ip)), "0.0.0.0",
               "255.255.255.255", 68, 67)


def release(mac, ip, server_mac, server_ip):
    return udp(server_mac, mac, bootp(1, mac, 7, ciaddr=ip), ip, server_ip, 68, 67)


def ack(server_mac, server_ip, mac, ip, seconds):
    return udp(BROADCAST, server_mac, bootp(2, mac, 5, yiaddr=ip, options=b"\x33\x04" + struct.pack("!I", seconds)),
               server_ip, "255.255.255.255", 67, 68)


def udp6(dst, src, data, src_ip, dst_ip, sport, dport):
    length = 8 + len(data)
    pseudo = ip6(src_ip) + ip6(dst_ip) + struct.pack("!II", length, 17)
    body = struct.pack("!HHHH", sport, dport, length, 0) + data
    whole = pseudo + body + bytes(len(body) % 2)
    total = sum(struct.unpack(f"!{len(whole) // 2}H", whole))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    body = body[:6] + struct.pack("!H", (~total & 0xffff) or 0xffff) + body[8:]
    return ethernet(dst, src, struct.pack("!IHBB", 6 << 28, length, 17, 64) + ip6(src_ip) + ip6(dst_ip) + body, 0x86dd)


def link_local(mac):
    m = mac_bytes(mac)
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + bytes([m[0] ^ 2]) + m[1:3] + b"\xff\xfe" + m[3:])


def ia(address, seconds):
    leased = ip6(address) + struct.pack("!II", seconds, seconds)
    return struct.pack("!HHIII", 3, 12 + 4 + 24, 1, 0, 0) + struct.pack("!HH", 5, 24) + leased


def solicit6(mac):
    return udp6(ALL_SERVERS, mac, b"\x01abc", link_local(mac), "ff02::1:2", 546, 547)


def release6(mac, address):
    return udp6(ALL_SERVERS, mac, b"\x08abc" + ia(address, 0), link_local(mac), "ff02::1:2", 546, 547)


def reply6(server_mac, mac, address, seconds):
    return udp6(mac, server_mac, b"\x07abc" + ia(address, seconds), link_local(server_mac), link_local(mac), 547, 546)
