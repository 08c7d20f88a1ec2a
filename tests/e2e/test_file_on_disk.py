# SPDX-License-Identifier: Apache-2.0
"""The file as a file: replaced, linked, deleted, something else altogether. What
weftd makes of it, and that traffic and the API never wait for it."""
import os
import signal
import subprocess

from t1 import t1
from test_reload import Prober, settled
from weftlab import WEFT, run, wait_for

OTHER = t1(network="flood: false")


def config(l):
    return l.weft("status")["config"]


def wait_in_force(l, text, do):
    """do() brings the text in place; weftd must notice by itself."""
    before = config(l)["digest"]
    do()
    wait_for("the new text is in force", lambda: config(l)["digest"] != before, 5)
    wanted = run(WEFT, "--json", "check", "-", input=text).stdout
    assert config(l)["digest"] in wanted and not config(l)["failed"]


def put(path, text):
    path.write_text(text)


def swap(link, target):
    new = link.with_name(link.name + ".new")
    os.symlink(target, new)
    os.replace(new, link)


def test_links_are_followed(lab):
    l = lab(t1())
    l.ping_all()
    folders = [l.base / "a", l.base / "b"]
    for folder, text in zip(folders, (OTHER, t1())):
        folder.mkdir()
        put(folder / "t.yaml", text)
    # A link in the file's place, then its target written, replaced, and by weft apply.
    target = folders[0] / "t.yaml"
    wait_in_force(l, OTHER, lambda: swap(l.file, target))
    wait_in_force(l, t1(), lambda: put(target, t1()))
    put(folders[0] / "n", OTHER)
    wait_in_force(l, OTHER, lambda: os.replace(folders[0] / "n", target))
    run(WEFT, "--run-dir", l.dir / "run", "apply", "-", input=t1())
    assert l.file.is_symlink() and target.read_text() == t1()
    wait_in_force(l, OTHER, lambda: put(target, OTHER))
    # A link on the way, as container platforms do it.
    swap(l.base / "data", folders[0])
    swap(l.file, l.base / "data" / "t.yaml")
    wait_in_force(l, t1(), lambda: swap(l.base / "data", folders[1]))
    l.ping_all()


def test_a_file_that_is_gone_or_no_file_changes_nothing(lab):
    l = lab(t1())
    l.ping_all()
    before, prober = settled(l), Prober(l, "h1", "h2")
    os.unlink(l.file)
    wait_for("the loss is told", lambda: config(l)["failed"], 5)
    assert l.weft("status", code=3)["problems"][0]["kind"] == "config-refused"
    for make, remove in ((os.mkfifo, os.unlink), (os.mkdir, os.rmdir)):
        make(l.file)
        loads = config(l)["loads"]
        os.kill(l.weftd_pid(), signal.SIGHUP)
        wait_for("it is judged", lambda: config(l)["loads"] > loads, 5)
        assert config(l)["failed"]
        remove(l.file)
    put(l.file, t1())
    wait_for("all is well again", lambda: not config(l)["failed"], 5)
    sent, received = prober.stop()
    assert sent == received and settled(l) == before


def test_a_stream_without_end_is_refused():
    done = subprocess.run([WEFT, "apply", "/dev/zero"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "larger than" in done.stderr
    done = subprocess.run(["bash", "-c", f"{WEFT} check <(cat)"], input=t1(), capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 0, done.stderr
