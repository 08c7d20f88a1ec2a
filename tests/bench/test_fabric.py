# SPDX-License-Identifier: Apache-2.0
"""The fabric of fake switches against weftd: probes pass its cables, a cut is repaired, and turns are measured.

Run by `make check-bench` and `make check`."""

import importlib.machinery
import importlib.util
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", "build")).resolve()
FABRIC = BUILD / "tests/bench/fabric"


def scale():
    path = str(pathlib.Path(__file__).parent / "scale")
    loader = importlib.machinery.SourceFileLoader("scale", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("scale", loader))
    loader.exec_module(module)
    return module


def test_a_cut_is_repaired():
    found = scale().measure(BUILD, "--switches", "6", "--cables", "8", "--settle", "1", "--cuts", "1", "--quiet", "1")
    assert found["switches"] == 6 and found["cables"] == 8 and not found["errors"]
    connect, cut = found["changes"]
    # Probes came through, or there would be no paths.
    assert connect["switches"] == 6 and connect["repaired_ms"] > 0
    assert cut["repaired_ms"] >= cut["first_row_ms"] > 0 and cut["flow_mods"] > 0
    for change in (connect, cut):
        assert 0 < change["turn_cpu_ms"] < change["cpu_ms"]
        assert change["turn_wall_ms"] > 0 and change["echo_max_ms"] > 0


def test_its_file_has_all_cables():
    text = subprocess.run([FABRIC, "--switches", "6", "--cables", "8", "--file"], capture_output=True, text=True,
                          check=True).stdout
    assert text.count("between") == 8 and text.count("dpid") == 6


def test_what_it_does_not_take():
    for args in (["--switches", "2", "--file"], ["--cuts", "17", "--file"], [], ["tcp:127.0.0.1"]):
        done = subprocess.run([FABRIC, *args], capture_output=True, text=True, timeout=10)
        assert done.returncode == 1 and "fabric: " in done.stderr
