# SPDX-License-Identifier: Apache-2.0
"""make install and make deb: what is where, and that the package is one. Nothing of it runs
a service manager."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from weftlab import TOP, WEFT, run

# The package is made of the ordinary build, which `make check` has made before.
BUILD = os.environ.get("WEFT_PACKAGE_BUILD", "build")


def make(*words):
    return run("make", "-s", "--no-print-directory", f"BUILD={BUILD}", *words, cwd=TOP, timeout=900,
               env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "SAN", "CFLAGS")}).stdout


@pytest.fixture(scope="module")
def deb():
    return TOP / make("deb").split()[-1]


def contents(deb):
    """Path -> (mode, owner)."""
    found = {}
    for line in run("dpkg", "-c", deb).stdout.splitlines():
        mode, owner, _size, _day, _time, path = line.split(maxsplit=5)
        found[path.removeprefix(".")] = (mode, owner)
    return found


def control(deb):
    return dict(re.findall(r"^ ?([A-Z][\w-]*): (.*)$", run("dpkg-deb", "-f", deb).stdout, re.M))


def test_the_package_has_what_it_should(deb):
    files = contents(deb)
    for path in ("/usr/bin/weft", "/usr/bin/weftd"):
        assert files[path] == ("-rwxr-xr-x", "root/root")
    for path in ("/lib/systemd/system/weftd.service", "/etc/weft/topology.yaml", "/usr/share/doc/weft/copyright",
                 "/usr/share/doc/weft/changelog.gz", "/usr/share/doc/weft/README.md",
                 "/usr/share/doc/weft/docs/howto/point-a-bridge.md", "/usr/share/man/man1/weft.1.gz",
                 "/usr/share/man/man8/weftd.8.gz", "/usr/share/man/man8/weft-doctor.8.gz",
                 "/usr/share/man/man5/weft-topology.5.gz"):
        assert files[path] == ("-rw-r--r--", "root/root"), path
    assert "/etc/weft/pki/" in files
    said = control(deb)
    assert said["Package"] == "weft" and said["Version"] == (TOP / "VERSION").read_text().strip()
    for library in ("libc6", "libssl3", "libyaml-0-2", "libjansson4", "libcurl4", "libevent-core-2.1-7", "adduser"):
        assert re.search(rf"\b{re.escape(library)}\b", said["Depends"]), said["Depends"]
    # At least what a package of that size can be without symbols for debugging.
    assert int(said["Installed-Size"]) < 16000


def test_the_package_keeps_the_file_of_the_user(deb, tmp_path):
    run("dpkg-deb", "-e", deb, tmp_path)
    assert (tmp_path / "conffiles").read_text() == "/etc/weft/topology.yaml\n"
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", tmp_path / script)
    text = (tmp_path / "postinst").read_text()
    assert "adduser" in text and "deb-systemd-helper enable weftd.service" in text
    run("md5sum", "-c", "--quiet", tmp_path / "md5sums", cwd=TOP / BUILD / "deb/weft")


def test_lintian_finds_no_error(deb):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    done = run("lintian", "--allow-root", "--fail-on", "error", deb, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_install_below_a_folder(tmp_path):
    topology = tmp_path / "etc/weft/topology.yaml"
    topology.parent.mkdir(parents=True)
    topology.write_text("# mine\n")
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/weft")
    assert topology.read_text() == "# mine\n"
    assert run(tmp_path / "opt/weft/bin/weft", "--version").stdout.startswith("weft ")
    unit = (tmp_path / "opt/weft/lib/systemd/system/weftd.service").read_text()
    assert "ExecStart=/opt/weft/bin/weftd /etc/weft/topology.yaml\n" in unit
    assert "@" not in re.sub(r"(?m)^(#|SystemCallFilter=).*$", "", unit)
    for word in ("Type=notify", "User=weft", "Restart=always", "StartLimitIntervalSec=0", "NoNewPrivileges=yes", "ProtectSystem=strict",
                 "StateDirectory=weft", "RuntimeDirectory=weft", "ReadOnlyPaths=-/etc/weft/pki",
                 "ConditionPathExists=/etc/weft/topology.yaml"):
        assert f"\n{word}\n" in unit, word


def test_the_example_is_a_file_of_weft():
    run(WEFT, "check", TOP / "tools/package/topology.yaml")


def test_man_pages_are_pages(tmp_path):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    for page in sorted(pathlib.Path(tmp_path, "usr/share/man").rglob("*.[158]")):
        done = run("groff", "-man", "-Tutf8", "-ww", "-z", page)
        assert done.stderr == "", page
        assert subprocess.run(["grep", "-c", r"^\.SH", page], capture_output=True, text=True).stdout.strip() != "0"
