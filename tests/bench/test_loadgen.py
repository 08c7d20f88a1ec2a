# SPDX-License-Identifier: Apache-2.0
"""Is the measuring instrument right? loadgen against the yardstick, and against a toy controller that tells it what
to do and looks at what comes back; replies are printed by ovs-ofctl, which shares no code with loadgen.

Run by `make check-bench` and `make check`."""

import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

BUILD = os.environ.get("WEFT_BUILD", "build")
LOADGEN = f"{BUILD}/tests/bench/loadgen"
YARDSTICK = f"{BUILD}/tests/bench/yardstick"
CONTROLLER = 0xfffffffd


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_listening(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server died"
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError(port)


def loadgen(*args, timeout=30):
    done = subprocess.run([LOADGEN, "--json", *map(str, args)], capture_output=True, text=True, timeout=timeout)
    result = json.loads(done.stdout) if done.stdout else None
    return done.returncode, result, done.stderr


# --- against the yardstick ---------------------------------------------------------------

@pytest.fixture
def yardstick(request, tmp_path):
    port = free_port()
    scheme, args = getattr(request, "param", ("tcp", []))
    if scheme == "ssl":
        make_pki(tmp_path, ["s1", "s2", "s3"])
        args = [*args, "--pki", str(tmp_path)]
    process = subprocess.Popen([YARDSTICK, *args, f"{scheme}:127.0.0.1:{port}"])
    try:
        wait_listening(port, process)
        yield f"{scheme}:127.0.0.1:{port}", (["--pki", str(tmp_path)] if scheme == "ssl" else [])
    finally:
        process.terminate()
        process.wait()


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def make_pki(where, names):
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    ca, ca_key = f"{where}/ca.pem", f"{where}/ca-key.pem"
    openssl("req", "-x509", *ec, "-subj", "/CN=test CA", "-keyout", ca_key, "-out", ca)
    for name, cert in [("controller", "cert.pem"), *((n, f"{n}-cert.pem") for n in names)]:
        openssl("req", "-x509", *ec, "-CA", ca, "-CAkey", ca_key, "-subj", f"/CN={name}",
                "-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE",
                "-keyout", f"{where}/{cert.replace('cert', 'key')}", "-out", f"{where}/{cert}")


@pytest.mark.parametrize("yardstick", [("tcp", []), ("tcp", ["--flow-only"]), ("ssl", [])], indirect=True)
@pytest.mark.parametrize("window", [1, 64, 1000])
def test_every_packet_in_is_answered_once(yardstick, window):
    target, args = yardstick
    code, r, err = loadgen(*args, "--switches", 3, "--count", 5000, "--window", window, "--unicast", target)
    assert code == 0, err
    assert r["answers"] == 3 * 5000
    assert r["total_sent"] == r["total_answered"] == 3 * 5001  # and the host the frames go to
    assert r["flow_mods"] == 3 * (5001 + 1)                    # and the row that punts
    assert r["errors_sent"] == r["errors_received"] == 0


@pytest.mark.parametrize("window", [1, 64])
def test_known_hosts(yardstick, window):
    target, _ = yardstick
    code, r, err = loadgen("--mode", "known", "--window", window, "--seconds", 0.2, "--hosts", 10, target)
    assert code == 0, err
    assert r["answers"] > 0 and r["answers"] % window == 0
    assert r["total_sent"] == r["total_answered"]
    assert r["flow_mods"] == r["total_sent"] + 1
    assert 0 < r["latency_p50_us"] <= r["latency_p99_us"] <= r["latency_max_us"] * 1.01


@pytest.mark.parametrize("yardstick", [("tcp", []), ("ssl", [])], indirect=True)
def test_ready(yardstick):
    target, args = yardstick
    code, r, err = loadgen(*args, "--mode", "ready", "--switches", 3, target)
    assert code == 0, err
    assert r["switches_ready"] == 3
    assert 0 < r["ready_p50_ms"] <= r["ready_all_ms"] * 1.01


# --- against a toy controller --------------------------------------------------------------

def message(kind, body=b"", xid=0):
    return struct.pack("!BBHI", 4, kind, 8 + len(body), xid) + body


HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, EXPERIMENTER, FEATURES_REQUEST = range(6)
PACKET_IN, PACKET_OUT, FLOW_MOD, GROUP_MOD, MULTIPART, BARRIER, ROLE, GET_ASYNC, METER_MOD = \
    10, 13, 14, 15, 18, 20, 24, 26, 29


def field(header, value, mask=b""):
    return struct.pack("!I", (header & ~0xff) | (0x100 if mask else 0) | len(value + mask)) + value + mask


def reg(n):
    return 0x00010004 | n << 9


def u32(v):
    return struct.pack("!I", v)


IN_PORT, ETH_SRC, VLAN_VID = 0x80000004, 0x80000806, 0x80000c02


def flow_mod(table, priority, fields, actions, command=0, cookie=0, mask=0, goto=None, idle=0):
    match = struct.pack("!HH", 1, 4 + len(b"".join(fields))) + b"".join(fields)
    match += bytes(-len(match) % 8)
    body = struct.pack("!QQBBHHHIIIHH", cookie, mask, table, command, idle, 0, priority, 0xffffffff, 0xffffffff,
                       0xffffffff, 0, 0) + match
    acts = b"".join(actions)
    if acts:
        body += struct.pack("!HHI", 4, 8 + len(acts), 0) + acts
    if goto is not None:
        body += struct.pack("!HHB3x", 1, 8, goto)
    return message(FLOW_MOD, body)


def output(port, max_len=0xffff):
    return struct.pack("!HHIH6x", 0, 16, port, max_len)


def set_field(header, value):
    body = u32(header) + value
    body += bytes(-(4 + len(body)) % 8)
    return struct.pack("!HH", 25, 4 + len(body)) + body


def controller2(max_len):
    prop = struct.pack("!HHH2x", 0, 6, max_len)
    return struct.pack("!HHIH6x", 0xffff, 16 + len(prop), 0x2320, 37) + prop


def bundle(kind, bundle_id, inner=None):
    head = struct.pack("!II", 0x4f4e4600, 2301 if inner else 2300)
    return message(EXPERIMENTER, head + (struct.pack("!IHH", bundle_id, 0, 3) + inner if inner
                                         else struct.pack("!IHH", bundle_id, kind, 3)))


def flow_request(table=0xff, cookie=0, mask=0):
    return message(MULTIPART, struct.pack("!HH4xB3xII4xQQ", 1, 0, table, 0xffffffff, 0xffffffff, cookie, mask) +
                   struct.pack("!HH4x", 1, 4))


class Controller:
    """Accepts one switch, shakes hands; then the test says what is sent."""

    def __init__(self, *args):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(10)
        target = f"tcp:127.0.0.1:{self.server.getsockname()[1]}"
        self.process = subprocess.Popen([LOADGEN, "--json", *map(str, args), target], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.accept()

    def accept(self):
        self.sock = self.server.accept()[0]
        self.sock.settimeout(10)
        self.pending = b""
        self.send(message(HELLO))
        assert self.recv()[1] == HELLO

    def send(self, *messages):
        self.sock.sendall(b"".join(messages))

    def recv(self):
        while True:
            if len(self.pending) >= 4:
                n = struct.unpack("!H", self.pending[2:4])[0]
                if len(self.pending) >= n:
                    msg, self.pending = self.pending[:n], self.pending[n:]
                    return msg
            more = self.sock.recv(65536)
            assert more, "loadgen closed the connection"
            self.pending += more

    def ask(self, request):
        self.send(request)
        return self.recv()

    def printed(self, request):
        return ofp_print(self.ask(request))

    def end(self):
        out, err = self.process.communicate(timeout=20)
        self.sock.close()
        self.server.close()
        return self.process.returncode, json.loads(out), err


def ofp_print(msg):
    return subprocess.run(["ovs-ofctl", "ofp-print", msg.hex(), "2"], capture_output=True, text=True, check=True).stdout


needs_ofctl = pytest.mark.skipif(not shutil.which("ovs-ofctl"), reason="ovs-ofctl is not installed")


@pytest.fixture
def idle():
    c = Controller("--mode", "idle", "--seconds", 20)
    yield c
    c.process.kill()
    c.process.communicate()
    c.sock.close()
    c.server.close()


@needs_ofctl
def test_replies_are_those_of_a_switch(idle):
    assert "dpid:0000000000000001" in idle.printed(message(FEATURES_REQUEST))
    ports = idle.printed(message(MULTIPART, struct.pack("!HH4x", 13, 0)))
    assert "1(p1)" in ports and "4(p4)" in ports and "LOCAL(br0)" in ports and "LIVE" in ports
    assert "Software: 3.1.0" in idle.printed(message(MULTIPART, struct.pack("!HH4x", 0, 0)))
    assert "max_meter:262144" in idle.printed(message(MULTIPART, struct.pack("!HH4x", 11, 0)))
    role = idle.printed(message(ROLE, struct.pack("!IIQ", 2, 0, 77)))
    assert "role=primary" in role and "generation_id=77" in role
    assert "role=primary" in idle.printed(message(ROLE, struct.pack("!IIQ", 0, 0, 0)))
    assert "OFPT_GET_ASYNC_REPLY" in idle.printed(message(GET_ASYNC))
    assert "OFPT_GET_CONFIG_REPLY" in idle.printed(message(7))
    assert "OFPT_BARRIER_REPLY" in idle.printed(message(BARRIER))
    assert idle.ask(message(ECHO_REQUEST, b"abc", xid=9)) == message(ECHO_REPLY, b"abc", xid=9)
    assert "OFPBRC_BAD_STAT" in idle.printed(message(MULTIPART, struct.pack("!HH4x", 99, 0)))
    assert "OFPBRC_BAD_TYPE" in idle.printed(message(99))
    assert "OFPBRC_BAD_VENDOR" in idle.printed(message(EXPERIMENTER, struct.pack("!II", 1, 1)))


@needs_ofctl
def test_rows_are_read_back(idle):
    a = flow_mod(0, 10, [field(IN_PORT, u32(1))], [set_field(reg(0), u32(7))], cookie=0x77, goto=60)
    b = flow_mod(60, 20, [field(reg(0), u32(7))], [output(2)], cookie=0x77)
    c = flow_mod(60, 20, [field(reg(0), u32(8))], [output(3)], cookie=0x99)
    idle.send(a, b, c)
    text = idle.printed(flow_request())
    assert text.count("cookie=") == 3
    assert "in_port=1 actions=set_field:0x7->reg0,goto_table:60" in text
    assert idle.printed(flow_request(table=60)).count("cookie=") == 2
    assert idle.printed(flow_request(cookie=0x77, mask=0xff)).count("cookie=") == 2
    # The same key again replaces; MODIFY keeps the cookie; a strict deletion with another cookie does nothing.
    idle.send(flow_mod(60, 20, [field(reg(0), u32(7))], [output(9)], cookie=0x55))
    idle.send(flow_mod(60, 20, [field(reg(0), u32(8))], [output(4)], command=2, cookie=0x11))
    idle.send(flow_mod(0, 10, [field(IN_PORT, u32(1))], [], command=4, cookie=1, mask=0xff))
    text = idle.printed(flow_request())
    assert text.count("cookie=") == 3 and "cookie=0x55" in text and "actions=output:9" in text
    assert "cookie=0x99" in text and "actions=output:4" in text
    # Deletions: strict, by cookie, by what the match contains, of everything.
    idle.send(flow_mod(60, 20, [field(reg(0), u32(8))], [], command=4))
    assert "cookie=0x99" not in idle.printed(flow_request())
    idle.send(flow_mod(0xff, 0, [field(reg(0), u32(6), u32(6))], [], command=3))
    assert idle.printed(flow_request()).count("cookie=") == 1
    idle.send(flow_mod(0xff, 0, [], [], command=3))
    assert idle.printed(flow_request()).count("cookie=") == 0


@needs_ofctl
def test_groups_and_meters_are_read_back(idle):
    bucket = struct.pack("!HHII4x", 32, 0, 0xffffffff, 0xffffffff) + output(1)
    idle.send(message(GROUP_MOD, struct.pack("!HBBI", 0, 0, 0, 5) + bucket))
    idle.send(message(METER_MOD, struct.pack("!HHI", 0, 1 | 4, 3) + struct.pack("!HHII4x", 1, 16, 100, 10)))
    text = idle.printed(message(MULTIPART, struct.pack("!HH4x", 7, 0)))
    assert "group_id=5,type=all" in text and "actions=output:1" in text
    text = idle.printed(message(MULTIPART, struct.pack("!HH4xI4x", 10, 0, 0xffffffff)))
    assert "meter=3 kbps" in text and "rate=100" in text
    assert "meter=" not in idle.printed(message(MULTIPART, struct.pack("!HH4xI4x", 10, 0, 4)))
    idle.send(message(GROUP_MOD, struct.pack("!HBBI", 2, 0, 0, 0xfffffffc)))
    idle.send(message(METER_MOD, struct.pack("!HHI", 2, 0, 3)))
    assert "group_id" not in idle.printed(message(MULTIPART, struct.pack("!HH4x", 7, 0)))
    assert "meter=" not in idle.printed(message(MULTIPART, struct.pack("!HH4xI4x", 10, 0, 0xffffffff)))


def test_a_long_dump_comes_in_pieces(idle):
    idle.send(*(flow_mod(1, 1, [field(IN_PORT, u32(i))], [output(1)]) for i in range(3000)))
    idle.send(flow_request())
    rows, more = 0, True
    while more:
        reply = idle.recv()
        more = struct.unpack("!H", reply[10:12])[0]
        at = 16
        while at < len(reply):
            at += struct.unpack("!H", reply[at:at + 2])[0]
            rows += 1
        assert at == len(reply)
    assert rows == 3000


@needs_ofctl
def test_bundles(idle):
    row = flow_mod(1, 1, [field(IN_PORT, u32(1))], [output(2)])
    other = flow_mod(1, 2, [field(IN_PORT, u32(1))], [output(2)])
    assert "OPEN_REPLY" in idle.printed(bundle(0, 1))
    assert "OPEN_REPLY" in idle.printed(bundle(0, 2))
    idle.send(bundle(0, 1, row), bundle(0, 2, other))
    assert idle.printed(flow_request()).count("cookie=") == 0
    assert "CLOSE_REPLY" in idle.printed(bundle(2, 1))
    assert "COMMIT_REPLY" in idle.printed(bundle(4, 1))
    assert idle.printed(flow_request()).count("cookie=") == 1
    assert "DISCARD_REPLY" in idle.printed(bundle(6, 2))
    assert idle.printed(flow_request()).count("cookie=") == 1


def pipeline():
    """A controller's rows in the manner of weftd: ingress gives registers, a later table punts edge ports."""
    rows = [flow_mod(0, 10, [field(IN_PORT, u32(p)), field(VLAN_VID, b"\0\0")],
                     [set_field(reg(0), u32(0x1234)), set_field(reg(1), u32(p))], goto=60) for p in (1, 2, 3, 4)]
    rows.append(flow_mod(60, 100, [field(reg(0), u32(0x1234)), field(0x80000a02, b"\x08\x06")], [output(CONTROLLER)],
                         cookie=0x7701))
    rows.append(flow_mod(60, 1, [field(reg(0), u32(0x1234)), field(reg(2), u32(2), u32(6))], [controller2(40)],
                         cookie=0x7702, goto=70))
    return rows


def answer_hosts(c, n, row):
    """Take n PACKET_INs, answer each with row(mac); returns the messages."""
    seen = []
    while len(seen) < n:
        msg = c.recv()
        if msg[1] == EXPERIMENTER:  # a bundle's reply
            continue
        assert msg[1] == PACKET_IN
        seen.append(msg)
        match = struct.unpack("!H", msg[26:28])[0]
        frame = 24 + match + (-match % 8) + 2
        c.send(row(msg[frame + 6:frame + 12]))
    return seen


@needs_ofctl
def test_packet_ins_are_those_of_the_row_that_punts():
    c = Controller("--count", 8, "--window", 4)
    c.send(message(FEATURES_REQUEST))
    c.recv()
    c.ask(bundle(0, 1))
    c.send(*(bundle(0, 1, r) for r in pipeline()))
    c.ask(bundle(4, 1))
    assert c.ask(message(BARRIER))[1] == 21
    seen = answer_hosts(c, 8, lambda mac: bundle(0, 2, flow_mod(60, 50, [field(ETH_SRC, mac)], [])) + bundle(4, 2))
    code, r, err = c.end()
    assert code == 0, err
    assert r["total_answered"] == 8
    # Both punts see the frame; the row that also wants ARP is the more particular one.
    for i, msg in enumerate(seen):
        text = ofp_print(msg)
        assert "table_id=60 cookie=0x7702" in text and "(via action) data_len=40" in text, text
        assert f"in_port={i % 4 + 1}" in text and "reg0=0x1234" in text, text
        assert f"reg1=0x{i % 4 + 1}," in text and "reg2=0x2" in text, text
        assert "total_len=60" in text and "dl_dst=ff:ff:ff:ff:ff:ff" in text, text
        assert f"dl_src=02:00:00:00:00:{i:02x}" in text, text


def test_a_missing_answer_is_told():
    c = Controller("--count", 5, "--window", 5, "--timeout", 0.5)
    c.send(message(FEATURES_REQUEST))
    c.recv()
    c.send(*pipeline(), message(BARRIER))
    assert c.recv()[1] == 21
    # Rows with other addresses, deletions and repeated answers do not count.
    answer_hosts(c, 3, lambda mac: 2 * flow_mod(60, 50, [field(ETH_SRC, mac)], []))
    c.send(flow_mod(60, 50, [field(ETH_SRC, bytes.fromhex("020001000004"))], []))
    c.send(flow_mod(60, 50, [field(ETH_SRC, bytes.fromhex("020000000004"))], [], command=4))
    code, r, err = c.end()
    assert code == 3
    assert r["total_sent"] == 5 and r["total_answered"] == 3
    assert "s1: 2 PACKET_INs unanswered, the oldest of host 3" in err


def test_what_is_unanswered_is_sent_again():
    c = Controller("--count", 2, "--window", 2, "--resend", 0.05)
    c.send(message(FEATURES_REQUEST))
    c.recv()
    c.send(*pipeline(), message(BARRIER))
    c.recv(), c.recv(), c.recv()
    answer_hosts(c, 2, lambda mac: flow_mod(60, 50, [field(ETH_SRC, mac)], []))
    code, r, err = c.end()
    assert code == 0, err
    assert r["total_resent"] >= 2 and r["total_answered"] == 2


def test_a_controller_without_a_row_that_punts_is_told():
    c = Controller("--timeout", 0.3)
    c.send(message(FEATURES_REQUEST))
    c.recv()
    c.send(flow_mod(0, 0, [], [output(1)]), message(BARRIER))
    code, _, err = c.end()
    assert code == 3 and "none of its 1 rows sends to the controller" in err


def test_a_controller_that_hangs_up_is_told():
    c = Controller("--timeout", 5)
    c.send(message(ERROR, struct.pack("!HH", 0, 0) + b"go away"))
    c.sock.shutdown(socket.SHUT_RDWR)
    code, _, err = c.end()
    assert code == 3 and "connection lost" in err and "type 0 code 0: go away" in err


def test_reconnect_keeps_rows():
    c = Controller("--mode", "idle", "--seconds", 1.5, "--settle", 0, "--reconnect")
    c.send(message(FEATURES_REQUEST))
    c.recv()
    c.send(flow_mod(1, 1, [], [output(1)]), message(BARRIER))
    c.recv()
    c.ask(message(ECHO_REQUEST))
    time.sleep(0.1)  # until loadgen measures; before that a lost connection is an error
    c.sock.close()
    c.accept()
    assert len(c.ask(flow_request())) > 16
    code, r, err = c.end()
    assert code == 0, err
    assert r["reconnects"] == 1 and r["flow_mods"] == 1
