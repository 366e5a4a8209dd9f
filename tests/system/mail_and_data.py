# SPDX-License-Identifier: Apache-2.0
"""Servers that begin TLS when they are asked to: postfix, dovecot, slapd, postgres, mariadbd. As
Debian has them, but only unpacked (./quickstart) and run by options: nothing of theirs is
installed, and each keeps to a folder of its own."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from programs import BUILD, Program, free_port

IS_ROOT = os.geteuid() == 0
TRIPLET = "x86_64-linux-gnu"


def unpacked(path):
    """/usr/..., unpacked by ./quickstart, or else as installed; None."""
    for found in (BUILD / "tools" / path.lstrip("/"), Path(path)):
        if found.exists():
            return found
    return None


def first_of(*paths):
    return next((found for found in map(unpacked, paths) if found is not None), None)


def libraries(*folders):
    """LD_LIBRARY_PATH for the private libraries of packages that are not installed."""
    found = [str(BUILD / "tools" / folder.lstrip("/")) for folder in folders]
    return ":".join(path for path in found if Path(path).is_dir())


class Server:
    """One server on a port of 127.0.0.1, with a certificate that stays; the folder is its own."""

    needs = ()          # what has to be there: paths of /usr/...
    only_root = False
    user = None         # whom root becomes for it

    def __init__(self, certificate, key):
        self.folder = Path(tempfile.mkdtemp(prefix=f"regionshift-{type(self).__name__.lower()}-"))
        self.folder.chmod(0o755)
        self.certificate, self.key = self.folder / "server.pem", self.folder / "server.key"
        shutil.copy(certificate, self.certificate)
        shutil.copy(key, self.key)
        self.key.chmod(0o600)
        self.programs = []

    @classmethod
    def missing(cls):
        if cls.only_root and not IS_ROOT:
            return f"{cls.__name__} runs as root only"
        gone = [path for path in cls.needs if unpacked(path) is None]
        return f"not on this machine: {', '.join(gone)}" if gone else None

    def give(self, *paths):
        """To the user it runs as."""
        if IS_ROOT and self.user:
            entry = pwd.getpwnam(self.user)
            for path in (self.folder, *self.folder.rglob("*")) if not paths else paths:
                os.chown(path, entry.pw_uid, entry.pw_gid)

    def run(self, command, before=(), **more):
        """Starts it, as its user. before: what a command of root's is put before it."""
        become = ["setpriv", f"--reuid={self.user}", "--regid=nogroup", "--clear-groups"]
        whole = [*map(str, before), *(become if IS_ROOT and self.user else []), *map(str, command)]
        program = Program(type(self).__name__, whole, env={**os.environ, **more})
        self.programs.append(program)
        return program

    def wait(self, *ports, deadline=60):
        """Until it listens on all of them; ends it when it does not."""
        until = time.monotonic() + deadline
        for port in ports:
            while not self.listens(port):
                alive = any(program.process.poll() is None for program in self.programs)
                if not alive or time.monotonic() > until:
                    said = [line.text for program in self.programs for line in program.lines]
                    self.stop()
                    raise AssertionError(f"{type(self).__name__}:\n" + "\n".join(said[-20:]))
                time.sleep(0.05)

    @staticmethod
    def listens(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    @contextlib.contextmanager
    def stood_still(self):
        """Its kernel takes connections meanwhile, and nobody says a word."""
        for program in self.programs:
            os.killpg(program.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for program in self.programs:
                os.killpg(program.process.pid, signal.SIGCONT)

    def stop(self):
        for program in self.programs:
            program.stop(deadline=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    close = stop


class Nginx(Server):
    """TLS at once, and no STARTTLS of any kind."""

    needs = ("/usr/sbin/nginx",)
    settings = """daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/t; proxy_temp_path {folder}/t;
  fastcgi_temp_path {folder}/t; uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate};
            ssl_certificate_key {key}; }}
}}
"""

    def __init__(self, certificate, key):
        super().__init__(certificate, key)
        self.port = free_port("127.0.0.1")
        conf = self.folder / "nginx.conf"
        conf.write_text(self.settings.format(folder=self.folder, port=self.port, key=self.key,
                                             certificate=self.certificate))
        self.run([unpacked(self.needs[0]), "-p", self.folder, "-c", conf, "-e", "stderr"])
        self.wait(self.port)


class Slapd(Server):
    """OpenLDAP without a database: it answers, and that is all that is asked."""

    needs = ("/usr/sbin/slapd",)

    def __init__(self, certificate, key, tls=True):
        super().__init__(certificate, key)
        self.port = free_port("127.0.0.1")
        conf = self.folder / "slapd.conf"
        conf.write_text(f"TLSCertificateFile {self.certificate}\n"
                        f"TLSCertificateKeyFile {self.key}\n" if tls else "")
        self.run([unpacked(self.needs[0]), "-d", "0", "-f", conf,
                  "-h", f"ldap://127.0.0.1:{self.port}/"],
                 LD_LIBRARY_PATH=libraries(f"/usr/lib/{TRIPLET}"))
        self.wait(self.port)


class Mariadbd(Server):
    """MariaDB without tables and without InnoDB: it greets, and knows no user."""

    needs = ("/usr/sbin/mariadbd", "/usr/share/mysql/english/errmsg.sys")
    user = "nobody"

    def __init__(self, certificate, key, tls=True, address="127.0.0.1", options=(), before=()):
        super().__init__(certificate, key)
        self.port = free_port("127.0.0.1")
        secured = [f"--ssl-cert={self.certificate}", f"--ssl-key={self.key}"] if tls else []
        data = self.folder / "data"
        data.mkdir()
        self.give()
        share = unpacked(self.needs[1]).parent.parent
        self.run([unpacked(self.needs[0]), "--no-defaults", f"--datadir={data}",
                  f"--port={self.port}", f"--bind-address={address}", f"--socket={data}/s",
                  f"--pid-file={data}/pid", "--skip-grant-tables", "--skip-networking=0",
                  "--innodb=OFF", "--default-storage-engine=MyISAM", f"--tmpdir={data}",
                  f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets",
                  *secured, *options], before,
                 LD_LIBRARY_PATH=libraries(f"/usr/lib/{TRIPLET}"))
        self.programs[0].wait_line(lambda line: "ready for connections" in line.text, 60)


class Postgres(Server):
    """PostgreSQL with a cluster of its own."""

    places = ("/usr/lib/postgresql/15/bin/",)
    needs = (places[0] + "postgres", places[0] + "initdb")
    user = "nobody"

    def __init__(self, certificate, key, tls=True):
        super().__init__(certificate, key)
        self.port = free_port("127.0.0.1")
        data = self.folder / "data"
        self.give()
        initdb = self.run([unpacked(self.needs[1]), "-D", data, "--no-sync", "--locale=C", "-E",
                           "UTF8", "-A", "trust", "-U", "test", "--no-instructions"])
        assert initdb.process.wait(120) == 0, "\n".join(line.text for line in initdb.lines)
        self.programs.remove(initdb)
        self.run([unpacked(self.needs[0]), "-D", data, "-c", f"port={self.port}",
                  "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}",
                  "-c", f"ssl={'on' if tls else 'off'}", "-c", f"ssl_cert_file={self.certificate}",
                  "-c", f"ssl_key_file={self.key}", "-c", "fsync=off"])
        self.wait(self.port)


class Dovecot(Server):
    """IMAP and POP3, of which only the doors are open: nobody can log in. Where doveconf and the
    plugins are is built in: so doveconf is what we start, and moved.c finds the plugins."""

    needs = ("/usr/sbin/dovecot", "/usr/bin/doveconf", "/usr/lib/dovecot/imap-login",
             "/usr/lib/dovecot/pop3-login")
    settings = """protocols = imap pop3
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {libexec}
log_path = /dev/stdout
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{folder}/mail
import_environment = LD_LIBRARY_PATH={libraries} LD_PRELOAD={moved}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = nopassword=n
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}
}}
"""

    def __init__(self, certificate, key, tls=True):
        super().__init__(certificate, key)
        self.imap, self.pop3 = free_port("127.0.0.1"), free_port("127.0.0.1")
        me, mine = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        conf = self.folder / "dovecot.conf"
        found = libraries("/usr/lib/dovecot", "/usr/lib/dovecot/modules/old-stats",
                          f"/usr/lib/{TRIPLET}")
        for name in ("run", "state"):
            (self.folder / name).mkdir()
        moved = self.find_plugins()
        conf.write_text(self.settings.format(
            folder=self.folder, moved=moved, libraries=found,
            libexec=unpacked(self.needs[2]).parent,
            ssl="yes" if tls else "no", certificate=self.certificate, key=self.key,
            internal="daemon" if IS_ROOT else me, login="nobody" if IS_ROOT else me,
            group="daemon" if IS_ROOT else mine, imap=self.imap, pop3=self.pop3))
        self.run([unpacked(self.needs[1]), "-f", "service=master", "-c", conf, "-m", "master",
                  "-e", unpacked(self.needs[0]), "-F", "-c", conf],
                 LD_LIBRARY_PATH=found, LD_PRELOAD=str(moved))
        self.wait(self.imap, self.pop3)

    def find_plugins(self):
        library = self.folder / "moved.so"
        plugins = unpacked("/usr/lib/dovecot/modules")
        subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE",
                        '-DMOVED_FROM="/usr/lib/dovecot/modules"', f'-DMOVED_TO="{plugins}"',
                        "-o", library, Path(__file__).with_name("moved.c")], check=True)
        return library


class Postfix(Server):
    """SMTP: master, and of its services those that a greeting and a handshake need."""

    needs = ("/usr/lib/postfix/sbin/master", "/usr/lib/postfix/sbin/smtpd")
    only_root = True        # master refuses to be anybody else's
    main = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = {commands}
shlib_directory = {shared}
meta_directory = {folder}
mail_owner = mail
setgid_group = news
default_privs = nobody
myhostname = mail.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = /dev/stdout
alias_maps =
alias_database =
smtpd_tls_security_level = {level}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_peername_lookup = no
import_environment = LD_LIBRARY_PATH={shared} MAIL_CONFIG POSTLOG_SERVICE POSTLOG_HOSTNAME LANG=C
"""
    master = """127.0.0.1:{port} inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

    def __init__(self, certificate, key, tls=True):
        super().__init__(certificate, key)
        self.port = free_port("127.0.0.1")
        daemons = unpacked(self.needs[0]).parent
        owner = pwd.getpwnam("mail")
        values = dict(folder=self.folder, daemons=daemons, commands=unpacked("/usr/sbin"),
                      shared=daemons.parent, certificate=self.certificate, key=self.key,
                      level="may" if tls else "none", port=self.port)
        for name in ("data", "queue", "queue/pid", "queue/private", "queue/public"):
            (self.folder / name).mkdir()
        for name in ("data", "queue/private", "queue/public"):
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        (self.folder / "main.cf").write_text(self.main.format(**values))
        (self.folder / "master.cf").write_text(self.master.format(**values))
        self.run([unpacked(self.needs[0]), "-c", self.folder, "-d"],
                 LD_LIBRARY_PATH=str(daemons.parent), MAIL_CONFIG=str(self.folder))
        self.wait(self.port)
