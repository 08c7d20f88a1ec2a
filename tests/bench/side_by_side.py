# SPDX-License-Identifier: Apache-2.0
"""Two labs side by side, the same TCP stream in each of them by turns. What else the machine does hits both alike;
what counts is the median of the ratios of the rounds. The same is shown per CPU-second of the labs' ovs-vswitchd, which
does not depend on who else wants the cores, and with the datapath flows that the stream needs: their number and the
length of their actions is what a pipeline can cost here."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/e2e"))
import weftlab
from weftlab import wait_for


def use_build(build):
    build = pathlib.Path(build).resolve()
    weftlab.WEFT, weftlab.WEFTD = str(build / "weft"), str(build / "weftd")


def options(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=TOP / "build", help="where weft and weftd are")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=2, help="of each stream")
    parser.add_argument("--quick", action="store_true", help="5 rounds of 1 second")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 5, 1
    use_build(args.build)
    return args


def datapath_flows(lab):
    """Flows of the datapath that frames went through, on all hosts."""
    return sum(1 for k in lab.map["hosts"] for line in lab.appctl(k, "dpctl/dump-flows").splitlines()
               if "packets:" in line and "packets:0," not in line)


def cpu_seconds(lab):
    """Of every ovs-vswitchd, all threads."""
    ticks = 0
    for host in lab.map["hosts"].values():
        stat = pathlib.Path(f"/proc/{host['vswitchd_pid']}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(lab, seconds):
    """Mbit/s that arrived, Mbit per CPU-second, and datapath flows in the middle of the run."""
    cpu = cpu_seconds(lab)
    server = subprocess.Popen(["ip", "netns", "exec", lab.vm("a2")["ns"], "iperf3", "-s", "-1"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lab.children.append(server)
    wait_for("iperf3 listens", lambda: ":5201" in lab.exec("a2", "ss", "-Hlnt").stdout)
    client = subprocess.Popen(["ip", "netns", "exec", lab.vm("a1")["ns"], "iperf3", "-c", lab.ip("a2"), "-t",
                               str(seconds), "-J"], stdout=subprocess.PIPE, text=True)
    lab.children.append(client)
    time.sleep(seconds / 2)     # the middle of the run is what is looked at
    flows = datapath_flows(lab)
    out, _ = client.communicate(timeout=60)
    server.wait(10)
    received = json.loads(out)["end"]["sum_received"]
    return received["bits_per_second"] / 1e6, received["bytes"] * 8e-6 / (cpu_seconds(lab) - cpu), flows


def compare(args, labs):
    """Prints what was measured; returns the median ratio of the first lab to the second, and that per CPU-second."""
    rates, per_cpu, flows = ({n: [] for n in labs} for _ in range(3))
    for name, lab in labs.items():
        wait_for(f"the VMs of {name} reach each other", lambda lab=lab: lab.ping("a1", "a2"), 20)
    print("round" + "".join(f"{n:>10} Mbit/s, per CPU-second" for n in labs))
    for turn in range(args.rounds):
        order = list(labs) if turn % 2 == 0 else list(labs)[::-1]
        for name in order:
            for results, value in zip((rates, per_cpu, flows), measure(labs[name], args.seconds)):
                results[name].append(value)
        print(f"{turn + 1:5}" + "".join(f"{rates[n][-1]:17.0f}{per_cpu[n][-1]:16.0f}" for n in labs), flush=True)
    for n, lab in labs.items():
        rows = sum(len(lab.flows(k)) for k in lab.map["hosts"])
        print(f"{n:>9}: median {statistics.median(rates[n]):.0f} Mbit/s ({min(rates[n]):.0f} to {max(rates[n]):.0f}), "
              f"{statistics.median(per_cpu[n]):.0f} Mbit per CPU-second, "
              f"{statistics.median(flows[n]):.0f} datapath flows in use, {rows} rows, on all hosts")
    first, second = labs
    return tuple(statistics.median(a / b for a, b in zip(r[first], r[second])) for r in (rates, per_cpu))


def run(name, main):
    if os.geteuid():
        print(f"{name}: it makes network namespaces: run as root", file=sys.stderr)
        sys.exit(1)
    try:
        sys.exit(main())
    except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"{name}: could not be measured: {error}", file=sys.stderr)
        sys.exit(1)
