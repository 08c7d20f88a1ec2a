# SPDX-License-Identifier: Apache-2.0
"""Many real bridges in one ovs-vswitchd: how long weftd takes to program them, and to read them back after a restart.

Everything runs in a network namespace of its own and in a temporary directory: ovsdb-server, ovs-vswitchd with the
userspace datapath, weftd. One ovs-vswitchd has one certificate, so that certificate names all bridges."""

import contextlib
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

BRIDGES = 200
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PORT = 6653


class Failed(Exception):
    pass


def unavailable():
    """Why this cannot run here, or None."""
    if os.geteuid():
        return "needs root for a network namespace"
    for program in ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ip"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{program} is not installed"
    return None if os.path.exists(SCHEMA) else f"{SCHEMA} is not there"


class Farm:
    def __init__(self, where, pki):
        self.dir = pathlib.Path(where)
        self.ns = f"weftbench{os.getpid()}"
        self.pki = pki
        self.children = []
        self.db = f"unix:{where}/db.sock"
        self.env = dict(os.environ, OVS_RUNDIR=where, OVS_LOGDIR=where, OVS_DBDIR=where, OVS_SYSCONFDIR=where,
                        PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def run(self, *argv, timeout=120):
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, env=self.env)
        if done.returncode:
            raise Failed(f"{' '.join(map(str, argv))[:200]}: {(done.stderr or done.stdout).strip()[-400:]}")
        return done.stdout

    def spawn(self, name, *argv):
        with open(self.dir / f"{name}.log", "a") as log:
            child = subprocess.Popen(["ip", "netns", "exec", self.ns, *map(str, argv)], stdout=log, stderr=log,
                                     env=self.env)
        self.children.append(child)
        return child

    def __enter__(self):
        self.run("ip", "netns", "add", self.ns)
        try:
            self.run("ip", "-n", self.ns, "link", "set", "lo", "up")
            self.run("ovsdb-tool", "create", self.dir / "conf.db", SCHEMA)
            self.spawn("ovsdb-server", "ovsdb-server", self.dir / "conf.db", f"--remote=p{self.db}",
                       f"--unixctl={self.dir}/db.ctl", "-vsyslog:off")
            self.wait("ovsdb-server", lambda: (self.dir / "db.sock").exists())
            self.vsctl("--no-wait", "init")
            self.vswitchd = self.spawn("ovs-vswitchd", "ovs-vswitchd", self.db, f"--unixctl={self.dir}/vs.ctl",
                                       "--disable-system", "-vsyslog:off", "-vconsole:warn")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            child.kill()
            child.wait()
        subprocess.run(["ip", "netns", "del", self.ns], capture_output=True)

    def vsctl(self, *args):
        return self.run("ovs-vsctl", f"--db={self.db}", "--timeout=120", *args)

    def wait(self, what, condition, seconds=60, step=0.05):
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise Failed(f"after {seconds} s still not: {what}")
            for child in self.children:
                if child.poll() is not None:
                    raise Failed(f"{child.args[4]} ended: {self.said(pathlib.Path(child.args[4]).name)}")
            time.sleep(step)
        return value

    def said(self, name):
        path = self.dir / f"{name}.log"
        return " | ".join(path.read_text(errors="replace").strip().splitlines()[-3:]) if path.exists() else "nothing"

    def make_bridges(self):
        args = ["set-ssl", f"{self.pki}/farm-key.pem", f"{self.pki}/farm-cert.pem", f"{self.pki}/ca.pem"]
        for i in range(1, BRIDGES + 1):
            args += ["--", "add-br", f"s{i}",
                     "--", "set", "bridge", f"s{i}", "datapath_type=netdev", "fail_mode=secure",
                     f"other_config:datapath-id={i:016x}",
                     "--", "add-port", f"s{i}", f"s{i}p1", "--", "set", "interface", f"s{i}p1", "type=internal"]
        self.vsctl(*args)

    def point_at_weftd(self):
        args = []
        for i in range(1, BRIDGES + 1):
            args += ["--", "set-controller", f"s{i}", f"ssl:127.0.0.1:{PORT}",
                     "--", "set", "controller", f"s{i}", "max_backoff=1000", "connection_mode=out-of-band"]
        self.vsctl(*args[1:])

    def flow_ages(self):
        """Seconds since each flow was made, of all bridges; fails on a bridge without flows."""
        ages = []
        for i in range(1, BRIDGES + 1):
            text = self.run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", f"s{i}")
            found = [float(a) for a in re.findall(r"duration=([\d.]+)s", text)]
            if not found:
                raise Failed(f"bridge s{i} has no flows")
            ages += found
        return ages


class Weftd:
    def __init__(self, farm, build, topology, args):
        self.farm, self.build, self.args = farm, build, args
        self.file = farm.dir / "topology.yaml"
        self.file.write_text(topology)
        self.start()

    def start(self):
        self.process = self.farm.spawn("weftd", self.build / "weftd", "--listen", f"ssl:127.0.0.1:{PORT}", "--pki",
                                       self.farm.pki, "--run-dir", self.farm.dir / "run", "--state-dir",
                                       self.farm.dir / "state", *self.args, self.file)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.farm.children.remove(self.process)

    def ask(self, path):
        """GET over the Unix socket; {} while nobody answers."""
        connection = http.client.HTTPConnection("weftd", timeout=20)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.farm.dir / "run" / "weftd.sock"))
            connection.request("GET", path)
            return json.load(connection.getresponse())
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return {}
        finally:
            connection.close()

    def programmed(self):
        """All bridges are connected and have their rows."""
        switches = self.ask("/v1/status").get("switches", [])
        return sum(s["state"] == "connected" and s["in_sync"] and s["flows"] > 0 for s in switches) >= BRIDGES

    def flow_mods(self):
        return sum(s["sync"]["flow_mods"] for s in self.ask("/v1/switches?limit=1000")["switches"])

    def rss_kib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


def timed(farm, what, condition):
    start = time.monotonic()
    farm.wait(what, condition, 120)
    return time.monotonic() - start


def measure(build, pki, topology, weftd_args):
    with tempfile.TemporaryDirectory(prefix="weft-farm-") as where, Farm(where, pki) as farm:
        start = time.monotonic()
        farm.make_bridges()
        made = time.monotonic() - start
        weftd = Weftd(farm, build, topology, weftd_args)
        farm.wait("weftd answers", lambda: weftd.ask("/v1/status"))

        start = time.monotonic()
        farm.point_at_weftd()
        farm.wait("all bridges programmed", weftd.programmed, 120)
        programmed = time.monotonic() - start
        mods, rss = weftd.flow_mods(), weftd.rss_kib()
        flows = len(farm.flow_ages())

        weftd.kill()
        restart = time.monotonic()
        weftd.start()
        read_back = timed(farm, "all bridges connected again", weftd.programmed)
        mods_again, rss_again = weftd.flow_mods(), weftd.rss_kib()
        since = time.monotonic() - restart
        fresh = sum(age < since for age in farm.flow_ages())
        return {
            "switches": BRIDGES, "programmed_seconds": programmed, "flows": flows, "flow_mods": mods, "rss_kib": rss,
            "read_back_seconds": read_back, "flow_mods_after_restart": mods_again, "flows_made_again": fresh,
            "rss_after_restart_kib": rss_again,
            "lines": [
                f"bridges made by ovs-vswitchd in {made:.1f} s, before the clock starts",
                f"controller set to all programmed: {programmed:.2f} s, {flows} flows, {mods} flow-mods, "
                f"weftd RSS {rss / 1024:.1f} MiB",
                f"weftd killed and started, to all read back: {read_back:.2f} s, {mods_again} flow-mods, "
                f"{fresh} flows made again, RSS {rss_again / 1024:.1f} MiB",
            ],
        }
