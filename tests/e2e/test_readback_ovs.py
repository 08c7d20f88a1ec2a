# SPDX-License-Identifier: Apache-2.0
"""What build makes is what a real Open vSwitch tells: the whole corpus (every
field, action, group and meter) goes to a bridge and comes back with the same
keys and digests. A restart of weftd without flow-mods rests on this."""
import os
import pathlib
import subprocess

import pytest

from dummyovs import DummyOvs

PROBE = pathlib.Path(os.environ.get("WEFT_BUILD", "build")) / "tests/e2e/readback_probe"


@pytest.fixture
def ovs(tmp_path):
    made = DummyOvs(tmp_path / "r")
    yield made
    made.down()


def test_corpus_comes_back(ovs):
    done = subprocess.run([PROBE, ovs.mgmt], stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(" 0 differ\n") and not done.stdout.startswith("0 "), done.stdout
