# SPDX-License-Identifier: Apache-2.0
"""walk, the judge of many tests, against Open vSwitch itself: random rows on a
bridge, random frames into it, and what leaves is byte for byte what walk says."""
import os
import pathlib
import subprocess

import pytest

from dummyovs import DummyOvs, wait_for

PROBE = pathlib.Path(os.environ.get("WEFT_BUILD", "build")) / "tests/e2e/walk_probe"
PORTS = 5
SEEDS = range(1, 13)


@pytest.fixture(scope="module")
def ovs(tmp_path_factory):
    made = DummyOvs(tmp_path_factory.mktemp("walk") / "r", PORTS)
    yield made
    made.down()


def probe(mode, seed):
    return subprocess.run([PROBE, mode, str(seed)], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=60).stdout.splitlines()


@pytest.mark.parametrize("seed", SEEDS)
def test_walk_is_right(ovs, seed):
    rules = probe("rules", seed)
    groups = [r[len("group "):] for r in rules if r.startswith("group ")]
    flows = [r[len("flow "):] for r in rules if r.startswith("flow ")]
    ovs.ofctl("del-flows", ovs.mgmt)
    ovs.ofctl("del-groups", ovs.mgmt)
    ovs.ofctl("add-groups", ovs.mgmt, "-", text="\n".join(groups))
    ovs.ofctl("add-flows", ovs.mgmt, "-", text="\n".join(flows))

    ovs.forget_paths()

    before = {n: len(ovs.sent(n)) for n in range(1, PORTS + 1)}
    expected = {n: [] for n in before}
    into = []
    for line in probe("frames", seed):
        start, outs = line.split(" ->")
        port, frame = start.split()
        into.append((int(port), frame))
        for out in outs.split():
            n, frame = out.split(":")
            expected[int(n)].append(frame)
    assert len(into) > 20
    ovs.receive(into)

    def sent():
        # Ports are polled in turn: only what comes of one frame has an order.
        return {n: sorted(ovs.sent(n)[before[n]:], key=lambda f: f[-4:]) for n in expected}

    def done():
        now = sent()
        return all(len(now[n]) >= len(expected[n]) for n in expected)

    try:
        wait_for(done, 5)
    except AssertionError:
        pass
    assert sent() == expected
