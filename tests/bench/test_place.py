# SPDX-License-Identifier: Apache-2.0
"""bench_place from the outside: known answers, and what it says to files that are not right.

Run by `make check-bench` and `make check`."""

import os
import random
import subprocess

import pytest

BUILD = os.environ.get("WEFT_BUILD", "build")
PLACE = f"{BUILD}/bench_place"
OWN = os.path.join(os.path.dirname(__file__), "te")
TRIANGLE = "node,0,a\nnode,1,b\nnode,2,c\nlink,0,0,1,10,1\nlink,1,1,2,10,1\nlink,2,0,2,10,1\n"
DEMANDS = "tm,src,dst,mbps\nx,0,2,10\n"


def run(tmp_path, topology=TRIANGLE, demands=DEMANDS, *args, matrix=("x",)):
    for name, text in (("t", topology), ("d", demands)):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return subprocess.run([PLACE, tmp_path / "t", tmp_path / "d", *matrix, *args], capture_output=True, timeout=60,
                          text=True, errors="replace")


def says(done):
    return {k: float(v) for k, v in (line.split() for line in done.stderr.splitlines())}


def test_a_triangle(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0
    assert says(done)["u"] == 0.5
    assert sorted(done.stdout.splitlines()) == ["0,2,0.5,0;1", "0,2,0.5,2"]


def test_a_cut(tmp_path):
    done = run(tmp_path, TRIANGLE, DEMANDS, "--cut", "2")
    assert done.stdout == "0,2,1,0;1\n"
    assert says(done)["whole_u"] == 0.5 and says(done)["u"] == 1 and says(done)["lost_mbps"] == 0


def test_a_cut_in_two(tmp_path):
    done = run(tmp_path, TRIANGLE, DEMANDS, "--cut", "2", "--cut", "1")
    assert done.returncode == 0 and done.stdout == "" and says(done)["unreachable"] == 1


def test_forms_people_write(tmp_path):
    topology = "\ufeff# a comment\r\n" + TRIANGLE.replace("node,0,a", 'node, 0 ,"Berlin, Mitte"').replace("\n", "\r\n\r\n")
    done = run(tmp_path, topology, "mbps,dst,tm,src,note\n10,2,x,0,hello")
    assert done.returncode == 0 and says(done)["u"] == 0.5


@pytest.mark.parametrize("topology, error", [
    ("", "there is no node"),
    ("node,1,a\n", "t:1: error: node 1 is out of order"),
    ("node\n", "the node's number is missing"),
    ("node,x,a\n", "\"x\" is not a number"),
    ("node,-1,a\n", "\"-1\" is not a number"),
    (TRIANGLE + "link,4,0,1,10,1\n", "t:7: error: link 4 is out of order"),
    (TRIANGLE + "link,3,0,3,10,1\n", "too large"),
    (TRIANGLE + "link,3,0,1\n", "the capacity is missing"),
    (TRIANGLE + "link,3,0,1,-5,1\n", "must be from 0"),
    (TRIANGLE + "link,3,0,1,nan,1\n", "must be from 0"),
    (TRIANGLE + "link,3,0,1,inf,1\n", "must be from 0"),
    (TRIANGLE + "link,3,0,1,10,-1\n", "must be from 0"),
    (TRIANGLE + "lnik,3,0,1,10,1\n", "not \"lnik\""),
])
def test_a_wrong_topology(tmp_path, topology, error):
    done = run(tmp_path, topology)
    assert done.returncode == 1 and error in done.stderr and done.stdout == ""


@pytest.mark.parametrize("demands, error", [
    ("", "there is no header"),
    ("tm,src,dst\n", "must name the column \"mbps\""),
    ("tm,src,dst,mbps\n", "there is no demand"),
    ("tm,src,dst,mbps\nx,0,9,1\n", "d:2: error: dst 9 is too large"),
    ("tm,src,dst,mbps\nx,0,1\n", "mbps is missing"),
    ("tm,src,dst,mbps\nx,0,1,-1\n", "must be from 0"),
    ("tm,src,dst,mbps\nx,0,1,many\n", "\"many\" is not a number"),
    ("tm,src,dst,mbps\ny,0,1,1\nz,0,1,1\n", "there is no matrix \"x\"; it has y z"),
])
def test_wrong_demands(tmp_path, demands, error):
    done = run(tmp_path, TRIANGLE, demands)
    assert done.returncode == 1 and error in done.stderr and done.stdout == ""


@pytest.mark.parametrize("args, error", [
    (("--cut", "3"), "there is no link 3 to cut"),
    (("--cut", "x"), "is not a number"),
    (("--tolerance", "0"), "is not a number from"),
    (("--what",), "usage"),
    (("more",), "usage"),
])
def test_wrong_arguments(tmp_path, args, error):
    done = run(tmp_path, TRIANGLE, DEMANDS, *args)
    assert done.returncode == 1 and error in done.stderr


def test_a_file_that_is_not_there():
    done = subprocess.run([PLACE, "/nowhere", "/nowhere", "x"], capture_output=True, text=True)
    assert done.returncode == 1 and "/nowhere: error: cannot be read" in done.stderr


def test_damaged_files_never_crash_it(tmp_path):
    """One or a few bytes of good files changed, cut or doubled: a plan or an error, no signal."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    good = {}
    for part in ("topo", "dem"):
        with open(f"{OWN}/own-leafspine.{part}.csv", "rb") as f:
            good[part] = f.read()
    for _ in range(150):
        bad = dict(good)
        part = rng.choice(("topo", "dem"))
        for _ in range(rng.randint(1, 4)):
            i, how = rng.randrange(len(bad[part])), rng.randrange(4)
            b = bad[part]
            bad[part] = (b[:i] + bytes([rng.randrange(256)]) + b[i + 1:], b[:i], b[:i] + b[i + 1:],
                         b[:i] + b[i:i + 40] + b[i:])[how] or b"\n"
        done = run(tmp_path, bad["topo"], bad["dem"], "--quiet", matrix=("uniform",))
        assert done.returncode in (0, 1), (seed, done.stderr)
        assert done.returncode == 0 or "error: " in done.stderr


def test_a_series(tmp_path):
    done = run(tmp_path, TRIANGLE, "tm,src,dst,mbps\nx,0,2,5\ny,0,2,11\nz,0,2,5\n", "--series", "0.6", matrix=())
    lines = [line.split(",") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["x", "y", "z"]
    assert [float(line[1]) <= 0.6 for line in lines] == [True] * 3
    assert float(lines[0][2]) == 0 and float(lines[1][2]) > 0.4 and float(lines[2][2]) == 0
