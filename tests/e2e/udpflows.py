# SPDX-License-Identifier: Apache-2.0
"""Many UDP flows with sequence numbers, paced; run inside namespaces of VMs.

    udpflows.py send ADDRESS FLOWS MBPS SIZE [BIG]   until SIGTERM; a line "MBPS" on stdin changes the rate; BIG: the part
                                                 of all that flow 0 sends, the others share the rest
    udpflows.py recv                             says "ready"; until SIGTERM, then a JSON line: per flow what came and what came late;
                                                 how many were missing, by the second when that was noticed
"""
import json
import select
import signal
import socket
import struct
import sys
import time

PORT = 7000
FIRST = 20000
stopped = False


def stop(*_):
    global stopped
    stopped = True


def send(address, flows, mbps, size, big=None):
    sockets = []
    for i in range(flows):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("", FIRST + i))
        s.connect((address, PORT))
        s.setblocking(False)
        sockets.append(s)
    pad = bytes(size - 8)
    sent = [0] * flows
    at, due, owed = 0, time.monotonic(), 0.0
    while not stopped:
        # 46 bytes of headers count, as they do on the wire.
        gap = (size + 46) * 8 / (mbps * 1e6) if mbps > 0 else 1
        now = time.monotonic()
        if now < due:
            if select.select([sys.stdin], [], [], min(due - now, 0.05))[0]:
                line = sys.stdin.readline()
                if line:
                    mbps, due = float(line), time.monotonic()
            continue
        # No bursts after a pause: a limited cable would drop them.
        due = max(due, now - 0.01)
        for _ in range(4):
            if mbps <= 0:
                break
            owed += big or 0
            if owed >= 1:
                flow, owed = 0, owed - 1
            else:
                # In turn; flow 0 has its own.
                flow, at = at, (at + 1) % flows
                if big is not None and flow == 0:
                    flow, at = at, (at + 1) % flows
            try:
                sockets[flow].send(struct.pack("!II", flow, sent[flow]) + pad)
                sent[flow] += 1
            except (BlockingIOError, ConnectionRefusedError):
                pass
            due += gap
        if mbps <= 0:
            due = now + 0.05
    print(json.dumps({"sent": sent}), flush=True)


def recv():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)      # SO_RCVBUFFORCE
    s.bind(("", PORT))
    s.settimeout(0.1)
    print("ready", flush=True)
    last, came, late, gaps = {}, {}, {}, {}
    while not stopped:
        try:
            data = s.recv(2048)
        except TimeoutError:
            continue
        flow, seq = struct.unpack("!II", data[:8])
        came[flow] = came.get(flow, 0) + 1
        if seq <= last.get(flow, -1):
            late[flow] = late.get(flow, 0) + 1
        else:
            missing = seq - last.get(flow, -1) - 1
            if missing:
                second = int(time.monotonic())
                gaps[second] = gaps.get(second, 0) + missing
            last[flow] = seq
    print(json.dumps({"came": came, "late": late, "gaps": gaps}), flush=True)


signal.signal(signal.SIGTERM, stop)
if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]), *map(float, sys.argv[6:7]))
else:
    recv()
