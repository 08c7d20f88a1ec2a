# SPDX-License-Identifier: Apache-2.0
"""A lab for a test: `weft lab up` builds it, this drives it."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from frames import Wire

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", TOP / "build")).resolve()
WEFT = str(BUILD / "weft")
WEFTD = str(BUILD / "weftd")

# A sanitizer report ends the process and so the test that caused it.
SANITIZE = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}

KINDS = {what: set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M)) for what, text in re.findall(
    r"^# Kinds of (\w+)\n(.*?)(?=^# |\Z)", (TOP / "docs/reference/api.md").read_text(), re.M | re.S)}


def run(*argv, check=True, timeout=60, **kwargs):
    done = subprocess.run([str(a) for a in argv], text=True, capture_output=True,
                          timeout=timeout, **kwargs)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def wait_for(what, condition, seconds=10.0, step=0.02):
    """Waits for a condition with a deadline; returns its first true value. What takes long is
    looked at less often: 2 % late at the most."""
    start = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - start
        if waited > seconds:
            raise AssertionError(f"after {seconds} s still not: {what}")
        select_nothing(max(step, waited / 50))


def paths_rest(l):
    """No change of paths is half done: weftd killed in one ends it when it is back, and takes the
    labels away that nothing uses any more."""
    since = {}

    def stays():
        te = l.weft("show", "te")
        now = (te["state"], te.get("changes"), str(te.get("labels")))
        return te["state"] in ("rest", "off") and time.monotonic() - since.setdefault(now, time.monotonic()) > 3

    wait_for("paths are at rest", stays, 30)


def select_nothing(seconds):
    import select
    select.select([], [], [], seconds)


class Api(http.client.HTTPConnection):
    """HTTP over the socket of a weftd."""

    def __init__(self, path):
        super().__init__("weftd", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def get(self, target):
        try:
            self.request("GET", target)
            reply = self.getresponse()
            body = reply.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"{target}: {error!r}") from error
        finally:
            self.close()
        assert reply.status == 200, (target, reply.status, body)
        return json.loads(body)


def api_target(args):
    """What a command of weft asks the API for and prints as it is; null: it does more."""
    if args == ("status",):
        return "/v1/status"
    if args[0] != "show" or not all("=" in a for a in args[2:]):
        return None
    return f"/v1/{args[1]}?" + urllib.parse.urlencode([tuple(a.split("=", 1)) for a in args[2:]], quote_via=urllib.parse.quote)


class Second:
    """A weftd beside the lab's own: same file and certificates, another port. The one
    that was started last is in charge of a switch that knows both."""

    def __init__(self, l):
        self.lab, self.run_dir = l, l.base / "second"
        argv = ["ip", "netns", "exec", l.map["ctl"]["ns"], WEFTD, "--pki", l.dir / "pki", "--run-dir", self.run_dir,
                "--listen", self.target(l.map["weftd"]["listen"]), "--state-dir", l.base / "state2", l.file]
        with open(l.dir / "weftd.log", "a") as log:
            self.proc = subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, env=l.env)
        l.children.append(self.proc)
        wait_for("the second weftd answers", self.answers)

    @staticmethod
    def target(first):
        return first.rsplit(":", 1)[0] + ":6654"

    def tell_switches(self):
        for host in self.lab.map["hosts"]:
            first = self.lab.vsctl(host, "get-controller", "br-int")
            self.lab.vsctl(host, "set-controller", "br-int", first, self.target(first))
            for target in self.lab.vsctl(host, "--bare", "--columns=_uuid", "list", "controller").split():
                self.lab.vsctl(host, "set", "controller", target, "max_backoff=1000")

    def weft(self, *args):
        return run(WEFT, "--run-dir", self.run_dir, "--json", *args, check=False)

    def answers(self):
        return self.weft("status").returncode in (0, 3)

    def switches(self):
        return json.loads(self.weft("show", "switches").stdout)["switches"]

    def stands_by(self):
        """And has sent no row."""
        return all(s["state"] == "standby" and not (s["sync"] or {}).get("flow_mods") for s in self.switches())


class Lab:
    count = 0

    def __init__(self, text, tcp=False, weftd=True, weftd_args=(), keep_dir=None, standby=False,
                 lab_args=()):
        Lab.count += 1
        self.name = f"we{os.getpid() % 100000}x{Lab.count}"
        self.base = pathlib.Path(keep_dir or tempfile.mkdtemp(prefix="weft-e2e-"))
        self.file = self.base / "topology.yaml"
        self.file.write_text(text)
        self.dir = self.base / "lab"
        self.tcp = tcp
        argv = [WEFT, "lab", "up", self.file, "--name", self.name, "--dir", self.dir, "--json",
                "--weftd", WEFTD, *lab_args]
        argv += ["--tcp"] if tcp else []
        argv += [] if weftd and not standby else ["--no-weftd"]
        for arg in weftd_args:
            argv += ["--weftd-arg", arg]
        self.env = dict(os.environ, **SANITIZE)
        self.down_done = False
        self.children = []              # processes of the test, ended with the lab
        self.own_weftd = None           # a weftd that the test itself started
        self.second = None              # one that stands by
        try:
            self.map = json.loads(run(*argv, env=self.env).stdout)
        except BaseException:
            self.down()
            raise
        self.weftd_args = list(weftd_args)
        if weftd and standby:
            try:
                self.start_both()
            except BaseException:
                self.down()
                raise
        elif weftd:
            self.wait_ready()

    def start_both(self):
        self.second = Second(self)
        self.start_weftd()
        self.second.tell_switches()
        wait_for("the second stands by", self.second.stands_by, 15)

    # --- taking down, and what must hold after every test -------------------------

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.gate()
        finally:
            self.down()

    def gate(self):
        """No OpenFlow error, no crash, no sanitizer report, weftd alive, no event or problem that the manual does not know."""
        log = self.weftd_log()
        for sign in ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer", "Assertion"):
            assert sign not in log, log[-6000:]
        if self.weftd_pid():
            status = self.weft("status")
            events = self.weft("show", "events")["events"]
            assert status["errors_received"] == 0, events
            assert {e["kind"] for e in events} <= KINDS["events"]
            assert {p["kind"] for p in status["problems"]} <= KINDS["problems"]
        if self.second:
            assert self.second.stands_by(), self.second.switches()
            status = json.loads(self.second.weft("status").stdout)
            assert status["errors_received"] == 0, self.second.weft("show", "events").stdout

    def down(self):
        if self.down_done:
            return
        self.down_done = True
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait(10)
        if self.own_weftd and self.own_weftd.poll() is None:
            self.own_weftd.terminate()
            self.own_weftd.wait(20)
        if self.dir.exists():
            run(WEFT, "lab", "down", "--dir", self.dir, check=False)
        shutil.rmtree(self.base, ignore_errors=True)

    # --- weftd --------------------------------------------------------------------

    def weftd_log(self):
        path = self.dir / "weftd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def weftd_pid(self):
        if self.own_weftd:
            return self.own_weftd.pid if self.own_weftd.poll() is None else None
        path = self.dir / "weftd.pid"
        try:
            pid = int(path.read_text())
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return None if state == "Z" else pid

    def kill_weftd(self, sig=signal.SIGKILL):
        pid = self.weftd_pid()
        assert pid, "no weftd to kill"
        os.kill(pid, sig)
        if self.own_weftd:
            self.own_weftd.wait(20)
        wait_for("weftd gone", lambda: not self.weftd_pid(), 20)

    def start_weftd(self, *more, wait=True, ahead=0):
        """As `weft lab up` does, but as a child of the test. Its clock may be some seconds ahead."""
        target = self.map["weftd"]["listen"]
        argv = ["ip", "netns", "exec", self.map["ctl"]["ns"], WEFTD, "--listen", target,
                "--pki", self.dir / "pki", "--run-dir", self.dir / "run",
                "--state-dir", self.dir / "state", *self.weftd_args, *more, self.file]
        with open(self.dir / "weftd.log", "a") as log:
            env = dict(self.env, CLOCK_AHEAD_S=str(ahead), LD_PRELOAD=str(BUILD / "tests/e2e/clock_ahead.so"),
                       ASAN_OPTIONS=SANITIZE["ASAN_OPTIONS"] + ":verify_asan_link_order=0") if ahead else self.env
            self.own_weftd = subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, env=env)
        wait_for("weftd answers", self.answers, 20)
        if wait:
            self.wait_ready()

    def start_weftd_without(self, away):
        """weftd starts; one switch stays away while the others come back, then is there
        again. Nothing is sent to anybody, before or after."""
        target = self.vsctl(away, "get-controller", "br-int")
        self.vsctl(away, "set-controller", "br-int", target.replace(":6653", ":6654"))
        self.start_weftd(wait=False)
        wait_for(f"all but {away} are back", lambda: {s["name"] for s in self.status()["switches"]
                                                       if s["state"] == "connected"} == set(self.map["hosts"]) - {away}, 15)
        self.sends_nothing()
        self.vsctl(away, "set-controller", "br-int", target)
        self.wait_ready()
        self.sends_nothing()

    def sends_nothing(self):
        self.wait_rest()
        sent = self.sent()
        assert not any(sent.values()), (sent, [e["text"] for e in self.weft("show", "events")["events"]])

    shown = set()       # what the command has shown in this process

    def weft(self, *args, check=True, code=None):
        """What the command prints as JSON. When it has shown a thing once, that is asked of the API,
        so that a wait starts no process with each look."""
        target = api_target(args)
        if target and check and code is None and args[:2] in Lab.shown:
            return Api(self.dir / "run/weftd.sock").get(target)
        done = run(WEFT, "--run-dir", self.dir / "run", "--json", *args, check=False, env=self.env)
        if code is not None:
            assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        elif check:
            assert done.returncode in (0, 3), (done.returncode, done.stdout, done.stderr)
            Lab.shown.add(args[:2])
        return json.loads(done.stdout)

    def answers(self):
        try:
            return self.weft("status")
        except (AssertionError, json.JSONDecodeError):
            assert not self.own_weftd or self.own_weftd.poll() is None, self.weftd_log()
            return None

    def status(self):
        return self.weft("status")

    def switch(self, name):
        return next(s for s in self.weft("show", "switches")["switches"] if s["name"] == name)

    def wait_ready(self, seconds=15):
        names = set(self.map["hosts"])

        def ready():
            status = self.answers()
            if not status:
                return False
            up = {s["name"] for s in status["switches"] if s["state"] == "connected"}
            return names <= up

        wait_for(f"all of {sorted(names)} connected", ready, seconds)
        self.wait_rest(seconds)

    def wait_rest(self, seconds=10):
        """Every switch has what is wanted."""
        wait_for("all switches in sync", lambda: all(
            s["state"] != "connected" or s["in_sync"] for s in self.weft("show", "switches")["switches"]),
            seconds)

    def hosts(self):
        return self.weft("show", "hosts")["hosts"]

    def wait_host(self, mac, where=None, seconds=5):
        return wait_for(f"{mac} at {where}", lambda: next(
            (h for h in self.hosts() if h["mac"] == mac and (where is None or h["where"] == where)), None),
            seconds)

    def edit(self, text, signal_too=False, wait=True):
        """Replaces the file as an editor does; waits until it is judged."""
        before = self.status()["config"]["loads"]
        temporary = self.file.with_suffix(".new")
        temporary.write_text(text)
        os.replace(temporary, self.file)
        if signal_too:
            os.kill(self.weftd_pid(), signal.SIGHUP)
        if wait:
            wait_for("the file is read", lambda: self.status()["config"]["loads"] > before)
            self.wait_rest()

    # --- switches -----------------------------------------------------------------

    def vsctl(self, host, *args, check=True):
        return run("ovs-vsctl", f"--db=unix:{self.map['hosts'][host]['db']}", "--timeout=20", *args,
                   check=check).stdout.strip()

    def ofctl(self, host, *args, check=True, **kwargs):
        env = dict(os.environ, OVS_RUNDIR=self.map["hosts"][host]["dir"])
        return run("ovs-ofctl", "-O", "OpenFlow13", *args, check=check, env=env, **kwargs).stdout

    def appctl(self, host, *args):
        return run("ovs-appctl", "-t", self.map["hosts"][host]["ctl"], *args).stdout

    def flows(self, host, match=""):
        text = self.ofctl(host, "dump-flows", "br-int", *([match] if match else []))
        return [line.strip() for line in text.splitlines() if "cookie=" in line]

    def purge_caches(self):
        """What Open vSwitch remembers of earlier frames may be from rows before: docs/explanation/sync.md.
        One that does not run has nothing to forget."""
        for h in self.map["hosts"].values():
            done = run("ovs-appctl", "-t", h["ctl"], "revalidator/purge", check=False)
            assert done.returncode == 0 or "Connection refused" in done.stderr, done.stderr

    def packets(self, host, match):
        """Sum of n_packets of the rows that match (loosely)."""
        return sum(int(m.group(1)) for line in self.flows(host, match)
                   for m in [re.search(r"n_packets=(\d+)", line)] if m)

    def sent(self):
        """Flow-mods that weftd has sent, by switch."""
        return {s["name"]: s["sync"]["flow_mods"] if s.get("sync") else 0
                for s in self.weft("show", "switches")["switches"]}

    def restart_vswitchd(self, host):
        """Kills ovs-vswitchd of a host and starts it as `weft lab up` did."""
        h = self.map["hosts"][host]
        pid_file = pathlib.Path(h["vswitchd_pid_file"])
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGKILL)
        wait_for("ovs-vswitchd gone", lambda: not pathlib.Path(f"/proc/{pid}").exists())
        env = dict(os.environ, OVS_RUNDIR=h["dir"], OVS_LOGDIR=h["dir"], OVS_DBDIR=h["dir"])
        run("ip", "netns", "exec", h["ns"], "ovs-vswitchd", "--detach", "--no-chdir", "-vconsole:off",
            f"--pidfile={pid_file}", f"--unixctl={h['ctl']}", f"--log-file={h['vswitchd_log']}",
            f"unix:{h['db']}", env=env)

    def ns(self, namespace, *args):
        return run("ip", "netns", "exec", namespace, *args)

    def overruns(self, ports=None):
        """Frames that came to ports of switches, or to some by name, and that Open vSwitch did not fetch in time: what a
        busy machine loses. The kernel counts them at the sockets (d of skmem)."""
        return sum(int(d) for host in self.map["hosts"].values()
                   for port, d in re.findall(r"^p_raw .* \*:(\S+) .*,d(\d+)\)", self.ns(host["ns"], "ss", "-0nmH").stdout, re.M)
                   if not ports or port in ports)

    def port(self, host, name):
        """As `weft show ports` has it."""
        return next(p for p in self.weft("show", "ports")["ports"] if (p["switch"], p["name"]) == (host, name))

    def flap(self, host, port):
        """Down and up; what is up again before Open vSwitch has looked was never down."""
        ns = self.map["hosts"][host]["ns"]
        run("ip", "-n", ns, "link", "set", port, "down")
        wait_for(f"{host}:{port} is seen to be down", lambda: not self.port(host, port)["up"])
        run("ip", "-n", ns, "link", "set", port, "up")

    # --- VMs ----------------------------------------------------------------------

    def vm(self, name):
        return self.map["vms"][name]

    def exec(self, vm, *args, check=True, timeout=60):
        return run("ip", "netns", "exec", self.vm(vm)["ns"], *args, check=check, timeout=timeout)

    def ip(self, vm):
        return self.vm(vm)["networks"][0]["ip"]

    def ping(self, a, b, count=1, seconds=3, v6=False):
        address = self.vm(b)["networks"][0]["ip6" if v6 else "ip"]
        return self.exec(a, "ping", "-n", "-q", "-i", "0.1", "-c", count, "-w", seconds, address,
                         check=False).returncode == 0

    def ping_all(self, names=None, seconds=10):
        names = names or sorted(self.map["vms"])
        lost = [(a, b) for a in names for b in names if a != b and not self.ping(a, b, 1, seconds)]
        assert not lost, f"no answer: {lost}"

    def wire(self, vm):
        return Wire(self.vm(vm)["ns"])
