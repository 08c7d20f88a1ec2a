# SPDX-License-Identifier: Apache-2.0
"""What build makes is what a real Open vSwitch tells: the whole corpus (every
field, action, group and meter) goes to a bridge and comes back with the same
keys and digests. A restart of weftd without flow-mods rests on this."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
PROBE = BUILD / "tests/e2e/readback_probe"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def wait_for(what, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


@pytest.fixture
def bridge(tmp_path):
    """A bridge on the dummy datapath, in a directory of its own."""
    run = tmp_path / "r"
    run.mkdir()
    env = dict(os.environ, OVS_RUNDIR=str(run), OVS_LOGDIR=str(run), OVS_DBDIR=str(run),
               OVS_SYSCONFDIR=str(run))
    db = f"unix:{run}/db.sock"
    subprocess.run(["ovsdb-tool", "create", f"{run}/conf.db", SCHEMA], env=env, check=True)
    procs = []

    def start(*args):
        log = open(run / f"{args[0]}.out", "wb")
        procs.append(subprocess.Popen(args, env=env, stdout=log, stderr=log))

    try:
        start("ovsdb-server", f"{run}/conf.db", f"--remote=p{db}", f"--unixctl={run}/db.ctl")
        wait_for((run / "db.sock").exists)
        subprocess.run(["ovs-vsctl", f"--db={db}", "--no-wait", "init"], env=env, check=True)
        start("ovs-vswitchd", db, f"--unixctl={run}/vs.ctl", "--enable-dummy", "--disable-system")
        subprocess.run(["ovs-vsctl", f"--db={db}", "--timeout=10", "add-br", "br0", "--", "set", "bridge",
                        "br0", "datapath_type=dummy", "fail-mode=secure", "protocols=OpenFlow13"],
                       env=env, check=True)
        yield run / "br0.mgmt"
    finally:
        for p in reversed(procs):
            p.send_signal(signal.SIGTERM)
        for p in procs:
            p.wait(10)


def test_corpus_comes_back(bridge):
    wait_for(bridge.exists)
    done = subprocess.run([str(PROBE), str(bridge)], stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" 0 differ\n") and not done.stdout.startswith("0 "), done.stdout
