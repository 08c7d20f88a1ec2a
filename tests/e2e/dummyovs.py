# SPDX-License-Identifier: Apache-2.0
"""One Open vSwitch of its own, with a bridge br0 on the dummy datapath: real
translation and real flow tables, frames in by a command, frames out in pcap
files, no network device of the machine touched."""
import json
import os
import signal
import socket
import struct
import subprocess
import time

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def wait_for(what, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


class DummyOvs:
    def __init__(self, run, n_ports=0):
        run.mkdir()
        self.run = run
        self.db = f"unix:{run}/db.sock"
        self.env = dict(os.environ, OVS_RUNDIR=str(run), OVS_LOGDIR=str(run), OVS_DBDIR=str(run),
                        OVS_SYSCONFDIR=str(run))
        self.procs = []
        try:
            self.up(n_ports)
        except BaseException:
            self.down()
            raise

    def up(self, n_ports):
        self.tool("ovsdb-tool", "create", f"{self.run}/conf.db", SCHEMA)
        self.start("ovsdb-server", f"{self.run}/conf.db", f"--remote=p{self.db}", f"--unixctl={self.run}/db.ctl")
        wait_for((self.run / "db.sock").exists)
        self.vsctl("--no-wait", "init")
        self.start("ovs-vswitchd", self.db, f"--unixctl={self.run}/vs.ctl", "--enable-dummy", "--disable-system")
        words = ["add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail-mode=secure",
                 "protocols=OpenFlow13"]
        for n in range(1, n_ports + 1):
            words += ["--", "add-port", "br0", f"p{n}", "--", "set", "interface", f"p{n}", "type=dummy",
                      f"ofport_request={n}", f"options:tx_pcap={self.pcap(n)}"]
        self.vsctl(*words)
        wait_for(self.mgmt.exists)

    def start(self, *args):
        log = open(self.run / f"{args[0]}.out", "wb")
        self.procs.append(subprocess.Popen(args, env=self.env, stdout=log, stderr=log))

    def tool(self, *args, **kw):
        return subprocess.run(args, env=self.env, check=True, timeout=60, **kw)

    def vsctl(self, *args):
        self.tool("ovs-vsctl", f"--db={self.db}", "--timeout=20", *args)

    @property
    def mgmt(self):
        """The bridge's OpenFlow socket."""
        return self.run / "br0.mgmt"

    def ofctl(self, *args, text=""):
        self.tool("ovs-ofctl", "-O", "OpenFlow13", *args, input=text, text=True)

    def pcap(self, n):
        return self.run / f"p{n}.pcap"

    def appctl(self, calls):
        """Commands, as lists of words, to ovs-vswitchd by one connection."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(str(self.run / "vs.ctl"))
            for command, *words in calls:
                s.sendall(json.dumps({"id": 1, "method": command, "params": words}).encode())
                answer = json.loads(s.recv(65536))
                assert not answer["error"], answer

    def receive(self, frames):
        """Frames, as (port, hex), arrive at their ports."""
        self.appctl(["netdev-dummy/receive", f"p{port}", frame] for port, frame in frames)

    def forget_paths(self):
        """Rows that changed act on the next frame, not when the cache is looked through."""
        self.appctl([["revalidator/purge"]])

    def sent(self, n):
        """What the port sent so far, as hex."""
        data, at, frames = self.pcap(n).read_bytes(), 24, []
        while len(data) - at >= 16:
            size = struct.unpack_from("<I", data, at + 8)[0]
            if len(data) - at - 16 < size:
                break
            frames.append(data[at + 16:at + 16 + size].hex())
            at += 16 + size
        return frames

    def down(self):
        for p in reversed(self.procs):
            p.send_signal(signal.SIGTERM)
        for p in self.procs:
            p.wait(10)
