# SPDX-License-Identifier: Apache-2.0
"""Machines: three of them, as somebody has them who has read README and nothing else. Each has the
network of a region, and /etc, /root, /run, /usr/local and /var/lib of its own, laid over this
machine's. What a test may not touch is played: apt-get (etcd is here already), systemd (starts what
the units start, as their users), sudo (we are root), sudoedit (an editor with the test's hands)."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster import Cluster
from deployment import Deployment, settings_text
from programs import BUILD, TOP, Program, StageError, find_tool
from regions import Regions
from regions import why_not as regions_why_not

MACHINES = {"use1": "10.0.1.11", "usw2": "10.0.2.11", "fra": "10.0.3.11"}
OWN = ("etc", "root", "run", "usr/local", "var/lib")
USERS = ("etcd", "regionshift")         # as the packages make them
FIRST_UID = 5700
COMMAND_S = 120
PLAYED = {
    "sudo": """#!/bin/sh
case $1 in
--user=*)
    user=${1#--user=}
    shift
    exec setpriv --reuid="$user" --regid="$user" --clear-groups env "$@" ;;
esac
exec env "$@"
""",
    "apt-get": "#!/bin/sh\n",
    "sudoedit": '#!/bin/sh\nexec cp "$EDITED" "$1"\n',
    # what the units say: /lib/systemd/system/etcd.service, config/regionshiftd.service.in
    "systemctl": """#!/bin/sh
set -eu
start() {
    case $1 in
    etcd) (set -a && . /etc/default/etcd && cd / && exec setpriv --reuid=etcd --regid=etcd \\
        --clear-groups "$ETCD") >>/run/etcd.log 2>&1 & ;;
    regionshiftd) (cd / && exec setpriv --reuid=regionshift --regid=regionshift --clear-groups \\
        /usr/local/sbin/regionshiftd -c /etc/regionshift/regionshift.conf) \\
        >>/run/regionshiftd.log 2>&1 & ;;
    *) echo "no unit $1" >&2; exit 5 ;;
    esac
    echo $! >"/run/$1.pid"
}
stop() {
    [ -f "/run/$1.pid" ] || return 0
    kill "$(cat "/run/$1.pid")" 2>/dev/null || :
    while kill -0 "$(cat "/run/$1.pid")" 2>/dev/null; do sleep 0.1; done
    rm "/run/$1.pid"
}
verb=$1
shift
now=
for word in "$@"; do
    case $verb:$word in
    *:--now) now=yes ;;
    *:-*) ;;
    enable:*) [ -z "$now" ] || start "$word" ;;
    start:*) start "$word" ;;
    stop:*) stop "$word" ;;
    restart:*) stop "$word" && start "$word" ;;
    *) echo "systemctl $verb: not played" >&2; exit 5 ;;
    esac
done
""",
}


def why_not():
    """Why there can be no machines here, in a word for who skips; None if there can."""
    reason = regions_why_not()
    if reason:
        return reason
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for name in ("files", "work"):
            (Path(folder) / name).mkdir()
        done = subprocess.run(["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o",
                               f"lowerdir=/etc,upperdir={folder}/files,workdir={folder}/work",
                               "/etc"], capture_output=True, check=False)
    return "no overlay can be mounted over /etc here" if done.returncode != 0 else None


class Machines(Regions):
    """A laboratory of Regions without store and daemons: those are the reader's business."""

    why_store = "not changed"
    probes = tuple(MACHINES)

    def __init__(self, timing):
        super().__init__(count=3, timing=timing)
        self.keepers = {}           # machine -> Program that keeps its file systems

    def __enter__(self):
        return self.start_without_daemons()

    # -- what Regions does, but for the store and the daemons --

    def _hosts(self):
        hosts = {host: addresses for host, addresses in super()._hosts().items()
                 if host.startswith(("cloud", "sites"))}
        return dict(hosts, **{f"probe-{n}": [address]
                              for n, address in enumerate(MACHINES.values(), 1)})

    def _begin_store(self):
        self.store = Cluster(self.network, len(self.numbers))       # never begun
        for host, (address, *_) in self.network.hosts.items():
            subprocess.run([*self.network.on(host), "ip", "route", "add", "10.0.0.0/16", "dev",
                            "wan0", "src", address], check=True)

    def write_settings(self):
        self.played = self.folder / "played"
        self.played.mkdir()
        for name, text in PLAYED.items():
            (self.played / name).write_text(text)
            (self.played / name).chmod(0o755)
        for machine in MACHINES:
            self.make_machine(machine)

    def end_daemons(self):
        return []

    def _remove(self):
        for keeper in self.keepers.values():
            keeper.process.kill()
        super()._remove()

    # -- machines --

    def home(self, machine):
        """The folder in which somebody who logs in there stands."""
        return self.folder / machine / "home"

    def make_machine(self, machine):
        n = self.number(machine)
        lay = []
        for path in OWN:
            upper, work = (self.folder / machine / kind / path for kind in ("files", "work"))
            upper.mkdir(parents=True)
            work.mkdir(parents=True)
            lay.append(f"mkdir -p /{path} && mount -t overlay overlay -o lowerdir=/{path},"
                       f"upperdir={upper},workdir={work} /{path}")
        self.home(machine).mkdir()
        shutil.copytree(TOP / "config", self.home(machine) / "config")
        script = " && ".join([*lay, "echo ready", "exec sleep infinity"])
        self.keepers[machine] = Program(machine, [
            *self.network.on(f"probe-{n}"), "unshare", "--mount", "--propagation", "private", "sh",
            "-c", script])
        self.keepers[machine].wait_line(lambda line: line.text == "ready", 20)
        self.install(machine)

    def install(self, machine):
        """What `make install`, systemd-sysusers and the packages do."""
        users = "".join(f"{user}:x:{FIRST_UID + k}:{FIRST_UID + k}::/var/lib/{user}:/bin/false\n"
                        for k, user in enumerate(USERS))
        groups = "".join(f"{user}:x:{FIRST_UID + k}:\n" for k, user in enumerate(USERS))
        self.run(machine, f"""
            grep -vE '^({"|".join(USERS)}):' /etc/passwd >/run/passwd || :
            grep -vE '^({"|".join(USERS)}):' /etc/group >/run/group || :
            printf '%s' '{users}' | cat /run/passwd - >/etc/passwd
            printf '%s' '{groups}' | cat /run/group - >/etc/group
            install -D -t /usr/local/sbin {BUILD}/regionshiftd
            install -D -t /usr/local/bin {BUILD}/regionshift
            install -d -o etcd -g etcd -m 700 /var/lib/etcd
            install -d -o regionshift -g regionshift -m 700 /var/lib/regionshift
            install -d -o regionshift -g regionshift -m 750 /run/regionshift
            """)

    def run(self, machine, script, check=True):
        """Runs lines of a shell there; returns what they said. A line that fails is an error."""
        keeper = self.keepers[machine].process.pid
        env = dict(self.daemon_env(), ETCD=find_tool("etcd"), LC_ALL="C.UTF-8", HOME="/root",
                   EDITED=str(self.home(machine) / "edited.conf"),
                   PATH=f"{self.played}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
                        f"/bin:{Path(find_tool('etcdctl')).parent}")
        done = subprocess.run(
            ["nsenter", f"--target={keeper}", "--mount", "--net", "--", "sh", "-euc",
             f"cd {self.home(machine)}\n{script}"], env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=COMMAND_S, check=False)
        if check and done.returncode != 0:
            raise StageError(f"on {machine}: exit {done.returncode}\n{script}\n{done.stdout}"
                             f"{done.stderr}\n{self.said(machine)}")
        return done.stdout + done.stderr

    def said(self, machine):
        """The ends of what daemon and member said there."""
        texts = []
        for unit in ("etcd", "regionshiftd"):
            log = self.folder / machine / "files" / "run" / f"{unit}.log"
            if log.exists():
                texts.append(f"-- {unit} on {machine}\n" + log.read_text()[-3000:])
        return "\n".join(texts)

    def tail(self, count=12):
        return "\n".join(self.said(machine) for machine in MACHINES)

    # -- the settings, as an operator edits them --

    def edit_settings(self, machine):
        """What sudoedit will make of config/jwt-pizza-etcd.conf: store and electorate stay as they
        are, but for the order of the members; name, zone, sites, relay and times are the lab's."""
        changes = [change for change in Deployment.common_changes(self)
                   if "^store" not in change[0]]
        own = MACHINES[machine]
        order = sorted(MACHINES.values(), key=lambda address: address != own)
        endpoints = ", ".join(f'"https://{address}:2379"' for address in order)
        changes += [(r"(?m)^probe = \{", f'probe = {{\n    name = "{machine}";', "its name"),
                    (r"endpoints = \(.*?\);", f"endpoints = ( {endpoints} );", "its own first"),
                    (r"lease = 10;", f'lease = {self.timing["lease"]};', "short times")]
        text = (TOP / "config" / "jwt-pizza-etcd.conf").read_text()
        (self.home(machine) / "edited.conf").write_text(settings_text(changes, text))
