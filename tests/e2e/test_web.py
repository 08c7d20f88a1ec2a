# SPDX-License-Identifier: Apache-2.0
"""`weft web` beside a lab: as a browser opens it, as Prometheus reads it, weftd away and
back, beyond this machine with TLS only; and what the page makes of answers."""
import http.client
import http.cookiejar
import json
import os
import pathlib
import pty
import re
import signal
import ssl
import subprocess
import termios
import urllib.error
import urllib.request

import pytest

from weftlab import WEFT, Lab, run, wait_for

HERE = pathlib.Path(__file__).resolve().parent
TEXT = """\
version: 1
switches: {k1: {dpid: 0x11, vtep: 10.99.0.1}, k2: {dpid: 0x12, vtep: 10.99.0.2}}
networks:
  lan:
    subnet: 10.0.0.0/24
    ports: [k1:h1, k2:h2]
    acl: some
acls:
  some: [{allow: icmp}, {deny: tcp, port: 22, name: no-ssh}, {allow: any}]
"""


class Web:
    """A running `weft web`; opened as a browser does, with its cookies."""

    def __init__(self, l, *args, context=None):
        self.child = subprocess.Popen([WEFT, "--run-dir", l.dir / "run", "web", *args], stdout=subprocess.PIPE, text=True, env=l.env)
        l.children.append(self.child)
        self.url = self.child.stdout.readline().strip()
        assert self.url.startswith("http"), self.url
        self.base = self.url.split("?")[0]
        self.token = self.url.partition("token=")[2]
        self.jar = http.cookiejar.CookieJar()
        handlers = [urllib.request.HTTPCookieProcessor(self.jar)]
        if context:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self.opener = urllib.request.build_opener(*handlers)

    def open(self, target="", **headers):
        return self.opener.open(urllib.request.Request(self.base + target, headers=headers), timeout=30)

    def json(self, target):
        return json.load(self.open(target))

    def code(self, target="", **headers):
        try:
            return self.open(target, **headers).status
        except urllib.error.HTTPError as error:
            return error.code

    def end(self, sig=signal.SIGTERM):
        self.child.send_signal(sig)
        assert self.child.wait(20) == 0


@pytest.fixture(scope="module")
def lab():
    with Lab(TEXT) as l:
        l.ping_all()
        # One that a rule drops.
        l.exec("h1", "timeout", "0.3", "bash", "-c", f"</dev/tcp/{l.ip('h2')}/22", check=False)
        yield l


@pytest.fixture(scope="module")
def web(lab):
    w = Web(lab, "--listen", "127.0.0.1:0")
    w.opener.open(w.url, timeout=30)
    yield w
    w.end()


SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+]+)$')


def metrics(text):
    """Strict: families once, TYPE and HELP before samples, no sample twice, the end."""
    assert text.endswith("\n# EOF\n")
    samples, families, family, kind = {}, set(), None, None
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family not in families and kind in ("counter", "gauge")
            families.add(family)
        elif line.startswith(("# HELP ", "# UNIT ")):
            assert line.split(" ")[2] == family
        else:
            m = SAMPLE.match(line)
            assert m and m[1] == family + ("_total" if kind == "counter" else ""), line
            assert m[1] + (m[2] or "") not in samples, line
            samples[m[1] + (m[2] or "")] = float(m[3])
    return samples


def read(w):
    return metrics(w.open("metrics", Authorization=f"Bearer {w.token}").read().decode())


def test_as_a_browser(lab, web):
    web.jar.clear()
    assert web.code() == 401 and web.code("v1/status") == 401
    page = web.opener.open(web.url, timeout=30)         # is sent to the page without the token
    assert page.url == web.base and [c.value for c in web.jar] == [web.token]
    text = page.read().decode()
    files = re.findall(r'(?:src|href)="([a-z.]+)"', text)
    assert "app.mjs" in files and "style.css" in files and "://" not in text
    while files:
        name = files.pop()
        body = web.open(name).read().decode()
        files += re.findall(r'from "\./([a-z.]+)"', body)
        assert "innerHTML" not in body and "eval(" not in body
    assert web.json("v1/status")["verdict"] == lab.status()["verdict"]
    assert {s["name"] for s in web.json("v1/switches")["switches"]} == {"k1", "k2"}
    assert web.json("v1/explain?from=h1&to=h2&protocol=tcp/22")["verdict"] == "blocked"
    assert web.code("v1/status", Host="evil.example") == 421
    assert web.code("v1/config") == 404


def test_counters_rise(lab, web):
    """S66: of ports and rows by traffic; the last event has the number that the metric says."""
    port = 'weft_port_receive_packets_total{switch="k1",port="h1"}'
    out = 'weft_port_transmit_bytes_total{switch="k2",port="h2"}'
    wait_for("ports are read", lambda: port in read(web), 20)
    before = read(web)
    lab.ping("h1", "h2", count=20)
    after = wait_for("the ports have counted", lambda: (lambda m: m if m[port] >= before[port] + 20 else None)(read(web)), 20)
    wait_for("and the other end", lambda: read(web)[out] >= before[out] + 20 * 98, 20)
    assert after['weft_network_hosts{network="lan"}'] == 2
    assert after['weft_switch_up{switch="k1"}'] == 1 and after['weft_switch_connections_total{switch="k1"}'] >= 1
    assert after['weft_switch_rows{switch="k1",app="l2"}'] > 0
    assert after["process_resident_memory_bytes"] > 1e6
    shown = {p["name"]: p for p in lab.weft("show", "ports", "switch=k1")["ports"]}
    assert shown["h1"]["rx_packets"] >= after[port] and shown["h1"]["rx_bytes"] > 0
    # On weftd's own socket nothing is kept, so both are of this moment.
    last = lab.weft("show", "events", "limit=1")["last_id"]
    text = run("curl", "-s", "--unix-socket", lab.dir / "run/weftd.sock", "http://weftd/metrics").stdout
    assert metrics(text)["weft_events_total"] >= last
    assert lab.weft("show", "events", "limit=1")["last_id"] >= metrics(text)["weft_events_total"]


def test_events_as_they_come(lab, web):
    last = lab.weft("show", "events", "limit=1")["last_id"]
    reply = web.open(f"v1/events?follow=1&after={last}")
    lab.flap("k1", "h1")
    empty = 0                                   # lines to see who is still there
    while True:
        line = reply.readline().strip()
        empty += not line
        assert empty < 3, "no event of the port"
        event = json.loads(line) if line else {"kind": ""}
        if event["kind"] == "port":
            assert event["id"] > last
            break
    reply.close()


def test_top(lab):
    """One table in a pipe; on a terminal until q, and the terminal is as it was."""
    argv = [WEFT, "--run-dir", lab.dir / "run", "top"]
    wait_for("rates are known", lambda: re.search(r"^k1 +h1 +[0-9]", run(*argv).stdout, re.M), 20)
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    child = subprocess.Popen([str(a) for a in argv], stdin=theirs, stdout=theirs, env=lab.env)
    lab.children.append(child)
    seen = b""
    while b"k2" not in seen:
        seen += os.read(ours, 65536)
    assert b"q ends it" in seen and b"\x1b[?1049h" in seen and b"SWITCH" in seen
    os.write(ours, b"q")
    while b"\x1b[?1049l" not in seen:
        seen += os.read(ours, 65536)
    assert child.wait(20) == 0 and termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
    for words in ["--often"], ["--json"]:
        assert run(*argv, *words, check=False).returncode == 1


def test_words_of_explain(lab, web):
    """The page says what the command says."""
    for words in ("h1", "h2", "tcp/22"), ("h1", "h2", "tcp/80"), ("h1", "nobody", "icmp"):
        said = run(WEFT, "--run-dir", lab.dir / "run", "explain", *words, check=False).stdout
        said = " ".join(said.replace("->", "\u2192").replace("<-", "\u2190").split())
        query = "from={}&to={}&protocol={}".format(*words)
        script = (f'import {{ explain }} from "{HERE}/../../controller/web/explain.mjs";'
                  f"console.log(JSON.stringify(explain({json.dumps(web.json('v1/explain?' + query))}, '{words[2]}')));")
        lines = json.loads(run("node", "--input-type=module", "-e", script).stdout)
        assert len(lines) > 3
        for line in lines:
            text = re.sub(r"\d+ packets?", "N packets", " ".join(line["text"].split()))
            assert text in re.sub(r"\d+ packets?", "N packets", said), (line, said)


def test_page_logic():
    done = run("node", "--test", HERE / "page_test.mjs", check=False)
    assert done.returncode == 0, done.stdout


def test_weftd_away(lab, web):
    pid = lab.weftd_pid()
    assert pid
    lab.kill_weftd()
    assert web.code("v1/status") == 503 and web.code() == 200
    lab.start_weftd()
    assert wait_for("it is back", lambda: web.code("v1/status") == 200, 10)
    lab.wait_ready()
    found = wait_for("k1 is there", lambda: (lambda m: m if m['weft_switch_up{switch="k1"}'] else None)(read(web)), 10)
    # Its rows were read just now: with the packet that a rule has dropped (S66).
    assert found['weft_dropped_packets_total{switch="k1",reason="acl"}'] >= 1


def test_beyond_this_machine(lab, tmp_path):
    for args in ("--listen", "0.0.0.0:0"), ("--listen", "[::]:0"), ("--listen", ":0"), ("--listen", "nonsense"), ("--nonsense",), \
            ("--tls", "--pki", tmp_path):
        done = run(WEFT, "--run-dir", lab.dir / "run", "web", *args, check=False)
        assert done.returncode == 1 and done.stderr.startswith("weft web: "), (args, done.stderr)
    token = tmp_path / "token"
    pki = lab.dir / "pki"
    context = ssl.create_default_context(cafile=pki / "ca.pem")
    context.check_hostname = False      # of the lab's certificate, which is for the controller's address
    w = Web(lab, "--listen", "0.0.0.0:0", "--tls", "--pki", pki, "--token-file", token, context=context)
    w.base = re.sub("//[^:]+", "//127.0.0.1", w.base)
    secret = token.read_text().strip()
    assert w.token == "" and token.stat().st_mode & 0o777 == 0o600
    assert w.code("v1/status") == 401
    assert w.code(f"?token={secret}") == 200 and w.json("v1/status")["verdict"]
    cookie = next(iter(w.jar))
    assert cookie.secure and cookie.has_nonstandard_attr("HttpOnly")
    assert "weft_build_info" in w.open("metrics", Authorization=f"Bearer {secret}").read().decode()
    # No older TLS, and nothing without TLS.
    port = int(w.base.split(":")[2].strip("/"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):
        http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10).request("GET", "/")
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with pytest.raises((OSError, http.client.HTTPException)):
        plain.request("GET", "/")
        plain.getresponse()
    w.end(signal.SIGINT)
