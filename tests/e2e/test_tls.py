# SPDX-License-Identifier: Apache-2.0
"""Promise P9 and scenario N3: who is let in, and who is told why not."""
import socket
import ssl
import struct

import pytest

from frames import in_namespace
from t1 import t1
from test_reload import Prober
from weftlab import WEFT, run, wait_for


def issue(l, name, pki=None, *options):
    pki = pki or l.dir / "pki"
    out = l.base / f"out-{name}-{pki.name}"
    out.mkdir(exist_ok=True)
    run(WEFT, "pki", "issue", name, "--dir", pki, "--out", out, *options)
    return out / f"{name}-cert.pem", out / f"{name}-key.pem"


def connect(l, cert, key, ca=None, version=None):
    """A TLS client at weftd's door. Returns what came of it: the first bytes that
    weftd says after the handshake, or the error."""
    address = l.map["ctl"]["ip"]

    def go():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(ca or l.dir / "pki" / "ca.pem")
        if cert:
            context.load_cert_chain(cert, key)
        if version:
            context.maximum_version = version
        with socket.create_connection((address, 6653), 5) as raw:
            with context.wrap_socket(raw) as tls:
                tls.settimeout(5)
                # TLS 1.3: the client's handshake is over before it has been judged.
                hello = tls.recv(16)
                return tls, hello

    try:
        return in_namespace(l.map["ctl"]["ns"], go)[1]
    except (ssl.SSLError, OSError) as error:
        return error


def openflow(l, cert, key, dpid):
    """A fake switch as far as FEATURES_REPLY; returns everything weftd sends then."""
    address = l.map["ctl"]["ip"]

    def go():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(l.dir / "pki" / "ca.pem")
        context.load_cert_chain(cert, key)
        with socket.create_connection((address, 6653), 5) as raw, context.wrap_socket(raw) as tls:
            tls.settimeout(5)
            tls.sendall(struct.pack("!BBHI", 4, 0, 8, 1))
            data = b""
            try:
                while True:
                    more = tls.recv(65536)
                    if not more:
                        return data
                    data += more
                    if len(more) >= 8 and more[-8:][1] == 5:
                        tls.sendall(struct.pack("!BBHIQIBBHII", 4, 6, 32, 2, dpid, 0, 254, 0, 0, 0x47, 0))
            except (ssl.SSLError, OSError):
                return data

    return in_namespace(l.map["ctl"]["ns"], go)


def refused(l):
    return l.status()["refused"]


def test_who_is_let_in(lab, tmp_path):
    l = lab(t1(), weftd=True)
    l.ping_all(["h1", "h2"])
    prober = Prober(l, "h1", "h2", "0.01")

    # A certificate of ours gets a HELLO.
    good = issue(l, "guest")
    assert connect(l, *good)[:2] == b"\x04\x00"
    # None at all, another authority's, TLS 1.2: no HELLO.
    assert isinstance(connect(l, None, None), (ssl.SSLError, OSError))
    run(WEFT, "pki", "init", "--dir", tmp_path / "other")
    stranger = issue(l, "s1", tmp_path / "other")
    assert isinstance(connect(l, *stranger), (ssl.SSLError, OSError))
    assert isinstance(connect(l, *good, version=ssl.TLSVersion.TLSv1_2), (ssl.SSLError, OSError))
    wait_for("the log says why", lambda: "TLS 1.2" in l.weftd_log())

    # A good certificate, but not the one of this datapath id.
    openflow(l, *good, dpid=1)
    why = wait_for("a refusal", lambda: next((r for r in refused(l) if r["who"] == "guest"), None))
    assert "s1" in why["why"] and "guest" in why["why"]
    # The right name with another datapath id.
    s1 = issue(l, "s1") if not (l.dir / "pki" / "s1-cert.pem").exists() else \
        (l.dir / "pki" / "s1-cert.pem", l.dir / "pki" / "s1-key.pem")
    openflow(l, *s1, dpid=0x77)
    why = wait_for("a refusal", lambda: next((r for r in refused(l) if r["dpid"].endswith("77")), None))
    assert "0x0000000000000001" in why["why"] and "0x0000000000000077" in why["why"]
    # The right name and datapath id while the real one lives: it stays.
    since = l.switch("s1")["since_ms"]
    openflow(l, *s1, dpid=1)
    wait_for("a refusal", lambda: any("connected already" in r["why"] for r in refused(l)))
    assert l.switch("s1")["since_ms"] == since
    sent, received = prober.stop()
    assert sent == received


def test_expired_certificate(lab):
    l = lab(t1())
    pki = l.dir / "pki"
    key, csr, cert = (l.base / n for n in ("old-key.pem", "old.csr", "old.pem"))
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=s1", "-keyout", key, "-out", csr)
    run("openssl", "x509", "-req", "-in", csr, "-CA", pki / "ca.pem", "-CAkey", pki / "ca-key.pem",
        "-days", "-1", "-set_serial", "7", "-out", cert)
    assert isinstance(connect(l, cert, key), (ssl.SSLError, OSError))
    wait_for("the log says why", lambda: "expired" in l.weftd_log())


@pytest.mark.parametrize("options, fooled", [([], False), (["--server-too"], True)])
def test_a_stolen_key_of_a_switch_is_no_weftd(lab, options, fooled):
    """Open vSwitch asks of its controller nothing but the chain and the usage."""
    l = lab(t1(), weftd=False)
    stolen = issue(l, "thief", None, *options)

    def pose():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*stolen)
        with socket.create_server((l.map["ctl"]["ip"], 6653)) as door:
            door.settimeout(15)
            # A switch gives up on a handshake that takes it a second, says goodbye and
            # comes again: only words or an alert are its judgement.
            for _ in range(15):
                came, _ = door.accept()
                came.settimeout(15)
                try:
                    with context.wrap_socket(came, server_side=True) as tls:
                        if words := tls.recv(8):
                            return words
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError, ConnectionResetError):
                    continue
                except ssl.SSLError as error:
                    return error
        return b""

    said = in_namespace(l.map["ctl"]["ns"], pose)
    if fooled:
        assert said[1] == 0, said       # its HELLO: this is how it would have been
    else:
        assert isinstance(said, ssl.SSLError) and "ALERT" in said.reason, said
        wait_for("the switch says why", lambda: "certificate verify failed" in
                 open(l.map["hosts"]["s1"]["vswitchd_log"]).read())


def test_rotation_without_a_drop(lab):
    l = lab(t1())
    l.ping_all()
    since = l.switch("s1")["since_ms"]
    first = l.dir / "pki" / "cert.pem"
    old = first.read_bytes()
    run(WEFT, "pki", "renew", "weftd", "--dir", l.dir / "pki")
    assert first.read_bytes() != old
    wait_for("the new one is taken", lambda: any(
        e["kind"] == "certificates" for e in l.weft("show", "events")["events"]))
    assert l.switch("s1")["since_ms"] == since
    # A new connection sees the new one.
    shown = run("ip", "netns", "exec", l.map["ctl"]["ns"], "openssl", "s_client", "-connect",
                f"{l.map['ctl']['ip']}:6653", check=False, input="").stdout
    new = "".join(first.read_text().split("-----")[2].split())
    assert new in "".join(shown.split())
    l.ping_all()


@pytest.mark.parametrize("what", ["garbage", "truncated", "wrong-version", "short-length", "out-of-state"])
def test_bad_bytes_end_that_connection_only(lab, what):
    l = lab(t1(), tcp=True)
    l.ping_all(["h1", "h2"])
    since = l.switch("s1")["since_ms"]
    bad = {
        "garbage": bytes(range(256)) * 8,
        "truncated": struct.pack("!BBHI", 4, 0, 8, 1) + struct.pack("!BBHI", 4, 6, 4000, 2),
        "wrong-version": struct.pack("!BBHI", 1, 0, 8, 1),
        "short-length": struct.pack("!BBHI", 4, 0, 7, 1),
        "out-of-state": struct.pack("!BBHI", 4, 10, 8, 1),
    }[what]

    def go():
        with socket.create_connection((l.map["ctl"]["ip"], 6653), 5) as s:
            s.settimeout(15)
            s.sendall(bad)
            data = b""
            try:
                while more := s.recv(65536):
                    data += more
            except ConnectionResetError:
                pass
            return data

    answer = in_namespace(l.map["ctl"]["ns"], go)
    if what == "wrong-version":
        # HELLO_FAILED, with the cure in its text and in the log.
        assert b"\x01\x01" in answer and b"OpenFlow 1.3" in answer
        wait_for("the log says why", lambda: "protocols=OpenFlow13" in l.weftd_log())
    assert l.switch("s1")["since_ms"] == since
    l.ping_all(["h1", "h2"])


def test_ipv6_listener(lab):
    l = lab(t1(hosts=2), weftd=False)
    ip6 = l.map["ctl"]["ip6"]
    target = f"ssl:[{ip6}]:6653"
    l.vsctl("s1", "set-controller", "br-int", target)
    l.map["weftd"]["listen"] = target
    l.start_weftd()
    l.ping_all()
    assert ip6 in l.switch("s1")["session"]["peer"] or "fd98" in l.switch("s1")["session"]["peer"]
