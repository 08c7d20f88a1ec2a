# SPDX-License-Identifier: Apache-2.0
"""The manual is true: what its pages tell to type is typed, and what they show
is what comes. Pages that take something for granted have it in GIVEN."""
import pathlib
import re
import shutil
import time

import pytest

import manual
from sandbox import OPEN_VSWITCH, THREE_HOSTS, Sandbox
from weftlab import BUILD, TOP

PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(TOP)) for page in PAGES]

GIVEN = {
    "docs/howto/point-a-bridge.md": OPEN_VSWITCH,
    "docs/howto/port-names.md": OPEN_VSWITCH,
    "docs/tutorials/three-hypervisors.md": THREE_HOSTS,
    "docs/reference/lab.md": "weft lab up docs/tutorials/lab.yaml && weft lab ping",
    "docs/howto/api.md": "weft lab up docs/tutorials/lab.yaml && weft lab ping",
    "docs/howto/browser.md": "weft lab up docs/tutorials/lab.yaml && weft lab ping",
    "docs/howto/prometheus.md": "weft lab up docs/tutorials/lab.yaml && weft lab ping",
}

# Commands that only look: asked again until they show what the page shows, or
# the deadline is over. All others are run once.
LOOKS = re.compile(r"weft( --\S+)* (status|show|name|check|explain|lab ping|lab status)\b|ovs-ofctl .*dump-|"
                   r"ovs-vsctl .*\b(show|get|list)\b|weft lab exec .* (dump-|ping )|curl (?!.*(-d|--data|-X))|grep |tail |cat ")
SECONDS = 30.0


def run_until(terminal, step):
    """Runs a command, again if it only looks, until it prints what it should."""
    end = time.monotonic() + SECONDS
    while True:
        terminal.start(step.command)
        if not terminal.wait_end(SECONDS):
            return False
        if manual.matches(step.expected, terminal.text, True):
            return True
        if not LOOKS.match(step.command) or time.monotonic() > end:
            return False
        terminal.read(0.1)      # the shell is silent: this is the pause


def run_on(terminal, step):
    """Runs a command that may run on until it has printed what it should."""
    end = time.monotonic() + SECONDS
    if step.command is not None:
        terminal.start(step.command)
    while time.monotonic() < end:
        if manual.matches(step.expected, terminal.text, not terminal.is_busy):
            terminal.text = ""
            return True
        if not terminal.is_busy:
            return False
        terminal.read(end - time.monotonic())
    return False


def run_page(sandbox, name, text):
    told = []
    todo = manual.steps(text)
    for i, step in enumerate(todo):
        where = f"{name}:{step.line}"
        if isinstance(step, manual.File):
            (sandbox.folder / step.name).write_text(step.text)
            continue
        terminal = sandbox.terminal(step.terminal)
        is_last = not any(isinstance(s, manual.Step) and s.terminal == step.terminal for s in todo[i + 1:i + 2])
        may_run_on = step.command is None or (step.terminal != "1" and is_last)
        fine = (run_on if may_run_on else run_until)(terminal, step)
        told.append(f"{where}: $ {step.command}\n{terminal.text}")
        assert fine, (f"{where}: {step.command}\n--- the page shows\n" + "\n".join(step.expected) +
                      f"\n--- it printed\n{terminal.text}\n--- all until then\n" + "\n".join(told))


def has_commands(page):
    return any(isinstance(s, manual.Step) for s in manual.steps(page.read_text()))


@pytest.mark.parametrize("name", [n for n, page in zip(NAMES, PAGES) if has_commands(page)])
def test_page(name, tmp_path):
    folder = tmp_path / "weft"
    folder.mkdir()
    shutil.copytree(TOP / "docs", folder / "docs")
    sandbox = Sandbox(folder, BUILD)
    try:
        if name in GIVEN:
            sandbox.given(GIVEN[name])
        run_page(sandbox, name, (TOP / name).read_text())
    finally:
        sandbox.close()
    assert not sandbox.sanitizer_reports(), sandbox.sanitizer_reports()


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = TOP / name
    for link in manual.links(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name}: {link} leads nowhere"
        if anchor:
            assert anchor in manual.anchors(target.read_text()), f"{name}: {link} is no heading there"


def test_given_is_for_pages_that_are_there():
    assert set(GIVEN) <= {n for n, page in zip(NAMES, PAGES) if has_commands(page)}


@pytest.mark.parametrize("expected, text, fine", [
    ("a\nb", "a\nb\n", True),
    ("a", "a\nb\n", False),
    ("a\nb", "a\n", False),
    ("a  1", "a      1\n", True),
    ("a 1", "a1\n", False),
    ("up 3 of 3 in ... s", "up 3 of 3 in 0.4 s\n", True),
    ("up ... of 3", "up 2 of 4\n", False),
    ("...\nb\n...", "a\nb\nc\nd\n", True),
    ("...\nb", "b\n", True),
    ("...\nb", "a\nc\n", False),
    ("a.b", "axb\n", False),
    ("at 10.0....", "at 10.0.7\n", True),
    ("", "", True),
    ("", "noise\n", False),
])
def test_a_page_that_is_wrong_is_seen(expected, text, fine):
    assert manual.matches(expected.splitlines(), text, True) == fine
