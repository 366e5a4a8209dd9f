# SPDX-License-Identifier: Apache-2.0
"""make install puts everything in its place, and the service it installs is locked in."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REGIONSHIFT_BUILD", TOP / "build"))

MOST_EXPOSURE = 2.0  # of 10, as systemd-analyze counts


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("install")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder that make install took for the root of a machine."""
    folder = tmp_path_factory.mktemp("root")
    command = ["make", "-C", BUILD, "install", f"DESTDIR={folder}"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return folder


def test_everything_is_installed(root):
    unit = (root / "usr/local/lib/systemd/system/regionshiftd.service").read_text()
    assert "ExecStart=/usr/local/sbin/regionshiftd " in unit
    assert (root / "usr/local/lib/sysusers.d/regionshift.conf").is_file()
    for document in ("LICENSE", "README.md", "API.md", "METRICS.md", "ALERTS.md"):
        assert (root / "usr/local/share/doc/regionshift" / document).is_file()
    for example in ("jwt-pizza.conf", "jwt-pizza-five.conf", "jwt-pizza-etcd.conf",
                    "every-check.conf", "regionshift.conf"):
        assert (root / "usr/local/share/doc/regionshift/examples" / example).is_file()
    policies = {path.name for path in
                (root / "usr/local/share/doc/regionshift/examples/iam").iterdir()}
    assert policies == {path.name for path in (TOP / "config/iam").iterdir()}
    for page in ("man8/regionshiftd.8", "man1/regionshift.1", "man5/regionshift.conf.5",
                 "man5/regionshift-scenario.5", "man5/regionshift-assertion.5"):
        assert (root / "usr/local/share/man" / page).is_file()
    installed = {path.name for path in (root / "usr/local/share/regionshift/scenarios").iterdir()}
    assert installed == {path.name for path in (TOP / "config/scenarios").iterdir()}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_service_is_locked_in(root):
    unit = root / "usr/local/lib/systemd/system/regionshiftd.service"
    command = ["systemd-analyze", "security", "--offline=true", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    exposure = re.search(r"Overall exposure level for regionshiftd.service: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure.group(1)) <= MOST_EXPOSURE


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="needs mandoc")
def test_the_manual_pages_are_well_formed(root):
    pages = sorted((root / "usr/local/share/man").glob("man*/*"))
    command = ["mandoc", "-T", "lint", "-W", "warning", *pages]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_uninstall_leaves_nothing(root):
    command = ["make", "-C", BUILD, "uninstall", f"DESTDIR={root}"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert [path for path in root.rglob("*") if path.is_file()] == []
