# SPDX-License-Identifier: Apache-2.0
"""Promise P6: what one VM, one bridge or one API client does, the others do not feel."""
import random
import socket
import threading
import time

from frames import arp_request, udp
from t1 import t1
from test_reload import Prober
from weftlab import WEFT, run, wait_for


def test_a_vm_that_makes_up_addresses_has_a_bound(lab):
    """Random source MACs at full speed: its port is full at 4096, known hosts lose
    nothing and others are learned meanwhile."""
    l = lab(t1())
    l.ping_all()
    l.wait_rest()
    stop = threading.Event()
    seed = random.randrange(1 << 30)
    print("seed", seed)

    def flood():
        rnd, frame = random.Random(seed), bytearray(udp("02:ff:ff:ff:ff:01", "02:00:00:00:00:01", b"flood"))
        with l.wire("h4") as w4:
            while not stop.is_set():
                frame[6:12] = b"\x02" + rnd.randbytes(5)
                try:
                    w4.sock.send(frame)
                except OSError:         # no room at the moment
                    pass

    def port(name):
        return next(p for p in l.weft("show", "ports")["ports"] if p["name"] == name)

    def n_hosts():
        return port("h4")["networks"][0]["hosts"]

    thread = threading.Thread(target=flood)
    prober = Prober(l, "h1", "h2", "0.005")
    thread.start()
    try:
        with l.wire("h3") as w3:
            def learned():
                w3.send(arp_request("02:00:00:00:aa:01", "10.0.0.90", "10.0.0.91"))
                return l.weft("show", "hosts", "mac=02:00:00:00:aa:01")["hosts"]
            wait_for("another VM's host is learned", learned, 5, 0.05)
        wait_for("its port is full", lambda: n_hosts() == 4096, 15)
        refused = port("h4")["refused_hosts"]
        wait_for("others are not let in", lambda: port("h4")["refused_hosts"] > refused, 15)
        assert n_hosts() == 4096
    finally:
        stop.set()
        thread.join()
    sent, received = prober.stop()
    assert sent == received
    wait_for("it is told", lambda: [p for p in l.weft("status", code=3)["problems"] if p["kind"] == "host-limit"])
    l.wait_rest()
    l.ping_all()
    l.kill_weftd()
    l.start_weftd()
    assert l.sent() == {"s1": 0}


def test_a_bridge_without_openflow_13_is_told_in_status(lab):
    l = lab(t1())
    l.vsctl("s1", "set", "bridge", "br-int", "protocols=OpenFlow10")
    problem = wait_for("the cure is told", lambda: [
        p for p in l.weft("status")["problems"] if p["kind"] == "switch-refused"])
    assert "protocols=OpenFlow13" in problem[0]["text"] and problem[0]["switch"] == "s1"
    l.vsctl("s1", "set", "bridge", "br-int", "protocols=OpenFlow10,OpenFlow13,OpenFlow15")
    l.wait_ready()
    assert l.weft("status", code=0)["verdict"] == "ok"


def test_idle_api_clients_keep_nobody_out(lab):
    l = lab(t1(hosts=2))
    idle = []
    for n in range(200):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(str(l.dir / "run" / "weftd.sock"))
            sock.send(b"GET /v1/st"[:n % 10])
        except BlockingIOError:         # the backlog is full
            sock.close()
            break
        idle.append(sock)
    assert len(idle) > 128
    run(WEFT, "--run-dir", l.dir / "run", "status", timeout=5)
    for sock in idle:
        sock.close()


def test_an_address_that_jumps_is_no_drift(lab):
    """One MAC on two ports in turns, as fast as it can be learned: for three seconds, and on a busy machine until it was
    learned a hundred times."""
    l = lab(t1(network="loop_guard: false"))        # which would close one of the two ports
    l.ping_all()
    l.wait_rest()
    prober = Prober(l, "h3", "h4", "0.005")
    began = time.monotonic()

    def moves():
        return l.weft("show", "networks")["networks"][0]["moves"]

    with l.wire("h1") as w1, l.wire("h2") as w2:
        def jump():
            for _ in range(200):
                for wire in (w1, w2):
                    wire.send(arp_request("02:00:00:00:99:99", "10.0.0.90", "10.0.0.91"))
                    time.sleep(0.0005)
            return time.monotonic() > began + 3 and moves() > 100
        wait_for("it was learned a hundred times", jump, 60, 0)
    l.wait_rest(60)
    sent, received = prober.stop()
    assert sent - received <= l.overruns(("h3", "h4")), "not by a busy machine"
    print(moves(), "moves")
    assert not l.weft("show", "events", "kind=drift")["events"]
    assert l.status()["verdict"] == "ok", l.status()["problems"]


def test_bad_certificate_files_are_told_in_status(lab):
    """The old ones stay in force; but the next start would fail."""
    l = lab(t1(hosts=2))
    since, ca = l.switch("s1")["since_ms"], l.dir / "pki" / "ca.pem"
    good = ca.read_text()
    ca.write_text("no certificate")

    def problems():
        return [p for p in l.weft("status")["problems"] if p["kind"] == "certificate"]

    assert "ca.pem" in wait_for("it is told", problems)[0]["text"]
    ca.write_text(good)
    wait_for("all is well", lambda: not problems())
    assert l.switch("s1")["since_ms"] == since
