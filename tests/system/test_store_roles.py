# SPDX-License-Identifier: Apache-2.0
"""`regionshift init --store` on a real etcd: users, roles, permissions; and what they stop."""

import json
import os
import stat
import subprocess
import time

import pytest
from certificates import openssl
from etcd_alone import EtcdAlone, Forgetful, b64, key, under
from deployment import settings_text
from conftest import QUICK
from programs import BUILD, find_tool
from stage import Stage

PROBES = ("use1", "usw2", "fra")
OWN = "/regionshift/pizza:"

pytestmark = pytest.mark.skipif(find_tool("etcd") is None,
                                reason="there is no `etcd` (Debian: etcd-server)")


class Place:
    """An etcd, a settings file that names it, and a folder for passwords."""

    def __init__(self, folder, **options):
        self.folder = folder
        self.etcd = EtcdAlone(folder, **options).start()
        self.conf = folder / "regionshift.conf"
        self.passwords = folder / "passwords"
        self.write_settings(self.etcd.store_section())

    def write_settings(self, section, more=()):
        self.conf.write_text(settings_text([
            (r"(?m)^store = \{\n.*?^\};", "store = {\n" + section + "};", "etcd"), *more]))

    def run(self, *arguments, env=None):
        return subprocess.run(
            [str(BUILD / "regionshift"), "-c", str(self.conf), "init", "--store", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
            env=dict(os.environ, **(env or {})))

    def init(self, *arguments):
        """With --yes and passwords; must succeed."""
        done = self.run("--yes", "--passwords", str(self.passwords), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def plan(self, *arguments):
        """The texts of the steps that are to be done."""
        done = self.run("--json", "--passwords", str(self.passwords), *arguments)
        assert done.returncode == 0, done.stderr
        return [step["text"] for step in json.loads(done.stdout)["steps"]]

    def password(self, user):
        return (self.passwords / user).read_text().rstrip("\n")

    def token(self, user):
        return self.etcd.token(user, self.password(user))


@pytest.fixture
def make_place(tmp_path):
    places = []

    def make(**options):
        folder = tmp_path / str(len(places))
        folder.mkdir()
        places.append(Place(folder, **options))
        return places[-1]
    yield make
    for place in places:
        place.etcd.kill()


@pytest.fixture
def place(make_place):
    return make_place()


@pytest.fixture
def ready(place):
    """Set up, with a vote of use1 under its lease: (place, {user: token}, lease)."""
    place.init()
    tokens = {user: place.token(user) for user in (*PROBES, "root")}
    lease = place.etcd.must("lease/grant", {"TTL": 60}, tokens["use1"])["ID"]
    place.etcd.must("kv/put", {**key("v1/votes/use1/jwt-pizza"), "value": b64("mine"),
                               "lease": lease}, tokens["use1"])
    return place, tokens, lease


# ---- the command ----

def test_a_fresh_etcd_is_shown_then_set_up_then_left_alone(place):
    shown = place.run()
    assert shown.returncode == 0
    assert f"  role {OWN}probe:fra writes /regionshift/pizza/v1/votes/fra/...\n" in shown.stdout
    assert "  turn authentication on" in shown.stdout
    assert "nothing was written" in shown.stdout
    assert "users" not in place.etcd.must("auth/user/list", {})

    done = place.init()
    assert f"done: give the user fra the role {OWN}probe:fra\n" in done.stdout
    assert place.etcd.ask("auth/user/list", {})[1]["error"] == "etcdserver: user name is empty"
    assert place.plan() == []
    again = place.init()
    assert "nothing is to be done" in again.stdout
    assert "done:" not in again.stdout.replace("to be done:", "")


def test_passwords_are_made_for_their_users_only_and_never_printed(place):
    said = [place.run(), place.init(), place.init(), place.run("--json", "--passwords",
                                                               str(place.passwords))]
    assert stat.S_IMODE(place.passwords.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.passwords.iterdir()) == sorted((*PROBES, "root"))
    found = {place.password(user) for user in (*PROBES, "root")}
    assert len(found) == 4 and all(len(password) == 64 for password in found)
    for path in place.passwords.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for done in said:
        assert not any(password in done.stdout + done.stderr for password in found)


def test_work_that_broke_off_is_continued(place):
    etcd = place.etcd
    etcd.must("auth/role/add", {"name": f"{OWN}probes"})
    etcd.must("auth/role/grant", {"name": f"{OWN}probes", "perm": {
        "permType": "READ", "key": b64("/regionshift/pizza/"),
        "range_end": b64("/regionshift/pizza0")}})
    etcd.must("auth/user/add", {"name": "use1", "password": "made by hand, and forgotten"})
    etcd.must("auth/user/grant", {"user": "use1", "role": f"{OWN}probes"})
    etcd.must("auth/user/add", {"name": "root", "password": "first"})
    os.mkdir(place.passwords, 0o700)
    for user in ("use1", "root"):
        with open(place.passwords / user, "x", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(f"a password for {user} alone")
    steps = place.plan()
    assert f"add the role {OWN}probes" not in steps
    assert f"role {OWN}probes reads /regionshift/pizza/..." not in steps
    assert "set the password of the user use1" in steps
    assert "set the password of the user root" in steps
    place.init()
    assert place.plan() == []
    assert place.token("use1") and place.token("root")


def test_a_step_whose_answer_was_lost_is_no_failure(place):
    """Asked again, etcd says that it is done already."""
    paths = {f"/v3/auth/{path}" for path in ("role/add", "role/grant", "user/add", "user/grant",
                                             "enable")}
    with Forgetful(place.etcd.url, paths) as proxy:
        place.write_settings(place.etcd.store_section().replace(place.etcd.url, proxy.url))
        place.init()
        assert not proxy.forgets
        assert place.plan() == []
        proxy.shutdown()


def test_what_was_changed_by_hand_is_put_right(ready):
    place, tokens, _ = ready
    etcd, root = place.etcd, tokens["root"]
    etcd.must("auth/role/grant", {"name": f"{OWN}probe:fra", "perm": {
        "permType": "READWRITE", "key": b64("/regionshift"), "range_end": b64("\0")}}, root)
    etcd.must("auth/user/grant", {"user": "fra", "role": f"{OWN}probe:use1"}, root)
    etcd.must("auth/user/revoke", {"name": "usw2", "role": f"{OWN}probes"}, root)
    etcd.must("auth/role/revoke", {"role": f"{OWN}probes", **key("v1/budget")}, root)
    etcd.must("auth/role/delete", {"role": f"{OWN}probe:usw2"}, root)
    etcd.must("auth/user/changepw", {"name": "usw2", "password": "another"}, root)
    wanted = [
        f"role {OWN}probes writes /regionshift/pizza/v1/budget",
        f"add the role {OWN}probe:usw2",
        f"role {OWN}probe:usw2 writes /regionshift/pizza/v1/votes/usw2/...",
        f"role {OWN}probe:usw2 writes /regionshift/pizza/v1/suspects/usw2",
        f"role {OWN}probe:usw2 writes /regionshift/pizza/v1/tallies/usw2",
        f"role {OWN}probe:fra no longer reads and writes /regionshift up to \\x00",
        "set the password of the user usw2",
        f"give the user usw2 the role {OWN}probes",
        f"give the user usw2 the role {OWN}probe:usw2",
        f"take the role {OWN}probe:use1 from the user fra",
    ]
    assert place.plan() == wanted
    place.init()
    assert place.plan() == []


def test_a_probe_that_left_the_electorate_can_write_nothing(ready):
    place, _, _ = ready
    place.write_settings(place.etcd.store_section(),
                         [(r'name = "fra"; +vantage', 'name = "ams"; vantage', "another one")])
    assert place.plan()[-2:] == [f"take the role {OWN}probes from the user fra",
                                 f"delete the role {OWN}probe:fra"]
    place.init()
    assert place.plan() == []
    for name in ("v1/votes/fra/jwt-pizza", "v1/budget", "v1/suspects/fra"):
        status, answer = place.etcd.ask("kv/put", {**key(name), "value": b64("x")},
                                        place.token("fra"))
        assert (status, answer["code"]) == (403, 7)


def test_tokens_that_are_void_after_every_change_are_no_hindrance(make_place, tmp_path):
    """JSON web tokens carry the revision of the users; each step of the plan raises it."""
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", tmp_path / "jwt.key")
    openssl("ec", "-in", tmp_path / "jwt.key", "-pubout", "-out", tmp_path / "jwt.pub")
    place = make_place(options=["--auth-token", f"jwt,pub-key={tmp_path / 'jwt.pub'},priv-key="
                                f"{tmp_path / 'jwt.key'},sign-method=ES256,ttl=10m"])
    place.init()
    place.write_settings(place.etcd.store_section(),
                         [(r'name = "fra"; +vantage', 'name = "ams"; vantage', "another one")])
    place.init()
    assert place.plan() == []


# ---- what is refused, and what fails ----

@pytest.mark.parametrize("arguments, words", [
    (("--yes",), "a password for the user use1 has to be made: --passwords DIR"),
    (("--admin", "alice"), "--admin: its password is needed"),
    (("--admin-password", "hunter2"), "must be file:PATH with an absolute path, or env:NAME"),
    (("--admin-password", "env:NOT_SET_ANYWHERE"), "is not set in the environment"),
    (("--yes", "--passwords", "/dev/null"), "is not a folder"),
    (("-s", "unix:/run/x"), "-c and -s both say which daemon"),
    (("--override",), "init takes no --override"),
])
def test_a_wrong_command_line_is_told_what_is_allowed(place, arguments, words):
    done = place.run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "users" not in place.etcd.must("auth/user/list", {})


def test_options_of_the_store_belong_to_the_store():
    done = subprocess.run([str(BUILD / "regionshift"), "init", "--passwords", "x"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert "belong to --store" in done.stderr


def test_a_store_in_a_file_has_no_users(place):
    place.write_settings('    type = "sqlite";\n    path = "/nowhere/store.db";\n')
    done = place.run("--yes", "--passwords", str(place.passwords))
    assert done.returncode == 2
    assert "whoever may write the file may write every vote" in done.stderr


def test_a_password_that_others_can_read_is_refused(place):
    os.mkdir(place.passwords, 0o700)
    (place.passwords / "use1").write_text("secret\n")
    (place.passwords / "use1").chmod(0o644)
    done = place.run("--yes", "--passwords", str(place.passwords))
    assert done.returncode == 2
    assert "can be reached by group or others (mode 644)" in done.stderr
    assert "users" not in place.etcd.must("auth/user/list", {})


def test_a_folder_in_which_others_may_write_is_refused(place):
    os.mkdir(place.passwords)
    place.passwords.chmod(0o777)
    done = place.run("--yes", "--passwords", str(place.passwords))
    assert done.returncode == 2
    assert "nobody else may write there: chmod 700" in done.stderr


def test_nobody_is_locked_out_by_a_root_whose_password_is_not_known(place):
    place.etcd.must("auth/user/add", {"name": "root", "password": "of somebody"})
    done = place.run("--yes", "--passwords", str(place.passwords))
    assert done.returncode == 2
    assert "etcd has a user root already, and its password is not in hand" in done.stderr
    assert place.etcd.must("auth/user/list", {})["users"] == ["root"]
    done = place.run("--yes", "--passwords", str(place.passwords), "--admin-password", "env:ROOT",
                     env={"ROOT": "of somebody"})
    assert done.returncode == 0, done.stderr
    assert not (place.passwords / "root").exists()
    assert place.etcd.token("root", "of somebody")


def test_an_administrator_who_is_none_is_told_so(ready):
    place, tokens, _ = ready
    wrong = place.run("--admin-password", "env:WRONG", env={"WRONG": "not it"})
    assert wrong.returncode == 1
    assert "authentication failed" in wrong.stderr
    probe = place.run("--admin", "use1", "--passwords", str(place.passwords))
    assert probe.returncode == 1
    assert "permission denied" in probe.stderr
    missing = place.run()
    assert missing.returncode == 2
    assert "the password of root is not in hand" in missing.stderr


def test_another_administrator_than_root_will_do(ready):
    place, tokens, _ = ready
    place.etcd.must("auth/user/add", {"name": "alice", "password": "hers"}, tokens["root"])
    place.etcd.must("auth/user/grant", {"user": "alice", "role": "root"}, tokens["root"])
    done = place.run("--admin", "alice", "--admin-password", "env:ALICE", env={"ALICE": "hers"})
    assert done.returncode == 0
    assert "nothing is to be done" in done.stdout


def test_an_etcd_that_is_away_is_named_with_the_reason(place):
    url = place.etcd.url
    place.etcd.kill()
    done = place.run()
    assert done.returncode == 1
    assert url in done.stderr and "connect" in done.stderr


# ---- what the roles stop ----

def denied(place, token, path, body):
    status, answer = place.etcd.ask(path, body, token)
    return (status, answer.get("code")) == (403, 7)


def test_a_probe_writes_its_own_vote_and_no_other(ready):
    place, tokens, lease = ready
    vote = key("v1/votes/use1/jwt-pizza")
    forged = {"request_put": {**vote, "value": b64("forged")}}
    never = {**key("v1/budget"), "target": "MOD", "result": "EQUAL", "mod_revision": "4711"}
    for path, body in [
            ("kv/put", {**vote, "value": b64("forged")}),
            ("kv/deleterange", vote),
            ("kv/deleterange", under("v1/votes/")),
            ("kv/deleterange", {"key": b64("/regionshift/"), "range_end": b64("/regionshift0")}),
            ("kv/txn", {"success": [forged]}),
            ("kv/txn", {"compare": [never], "failure": [forged]}),
            ("kv/txn", {"compare": [never], "success": [forged]}),
            ("kv/txn", {"success": [{"request_delete_range": under("v1/votes/use1/")}]}),
            ("kv/put", {**key("v1/suspects/use1"), "value": b64("[]")}),
            ("kv/put", {**key("v1/tallies/use1"), "value": b64("[]")}),
            ("kv/put", {**key("v1/votes/use10/x"), "value": b64("x")}),
            ("kv/put", {**key("v1/suspects/usw2x"), "value": b64("x")}),
            ("kv/put", {**key("v1/budgets"), "value": b64("x")}),
            ("kv/put", {**key("v2/anything"), "value": b64("x")}),
            ("kv/range", {"key": b64("/another/installation")}),
            ("lease/revoke", {"ID": lease}),
            ("kv/put", {**key("v1/votes/usw2/jwt-pizza"), "value": b64("x"), "lease": lease}),
            ("kv/put", {**key("v1/claims/x"), "value": b64("x"), "lease": lease}),
            ("auth/user/list", {}),
            ("auth/role/grant", {"name": f"{OWN}probe:usw2", "perm": {
                "permType": "WRITE", **under("v1/votes/use1/")}})]:
        assert denied(place, tokens["usw2"], path, body), (path, body)
    kept = place.etcd.must("kv/range", under("v1/votes/"), tokens["usw2"])
    assert [item["value"] for item in kept["kvs"]] == [b64("mine")]


def test_everything_a_daemon_writes_is_allowed(ready):
    """The transactions of board_write.c and alert_claims.c, as another probe than the voters."""
    place, tokens, _ = ready
    etcd, token = place.etcd, tokens["usw2"]
    revision = int(etcd.must("kv/range", under("v1/"), token)["header"]["revision"])
    lease = etcd.must("lease/grant", {"TTL": 60}, token)["ID"]
    etcd.must("lease/keepalive", {"ID": lease}, token)
    for name in ("v1/votes/usw2/jwt-pizza", "v1/suspects/usw2"):
        etcd.must("kv/put", {**key(name), "value": b64("x"), "lease": lease}, token)
    head = {**key("v1/decisions/jwt-pizza"), "target": "MOD", "result": "EQUAL",
            "mod_revision": "0"}
    vote = {**key("v1/votes/use1/jwt-pizza"), "target": "MOD", "result": "EQUAL",
            "mod_revision": str(revision)}
    orders = {**under("v1/orders/"), "target": "MOD", "result": "LESS",
              "mod_revision": str(revision + 1)}
    budget = {**key("v1/budget"), "target": "MOD", "result": "EQUAL", "mod_revision": "0"}
    commit = {"compare": [head, vote, orders, budget], "success": [
        {"request_put": {**key(name), "value": b64("x")}} for name in
        ("v1/decisions/jwt-pizza", "v1/journal/jwt-pizza/00000000000000000001", "v1/budget",
         "v1/orders/1")]}
    assert etcd.must("kv/txn", commit, token)["succeeded"]
    order = {"compare": [{**key("v1/orders/2"), "target": "MOD", "result": "EQUAL",
                          "mod_revision": "0"}],
             "success": [{"request_put": {**key("v1/orders/2"), "value": b64("x")}},
                         {"request_delete_range": key("v1/orders/1")}]}
    assert etcd.must("kv/txn", order, token)["succeeded"]
    claim = {"compare": [{**key("v1/claims/down.1"), "target": "CREATE", "result": "EQUAL",
                          "create_revision": "0"}],
             "success": [{"request_put": {**key("v1/claims/down.1"), "value": b64("x")}}]}
    assert etcd.must("kv/txn", claim, token)["succeeded"]
    for name in ("v1/journal/jwt-pizza/00000000000000000001", "v1/votes/usw2/jwt-pizza"):
        etcd.must("kv/txn", {"success": [{"request_delete_range": key(name)}]}, token)
    etcd.must("lease/revoke", {"ID": lease}, token)


def test_whether_etcd_keeps_to_its_roles_is_found_out_and_said(ready):
    """A transaction inside a transaction: not looked into before 3.4.42, 3.5.28, 3.6.9."""
    place, tokens, _ = ready
    said = json.loads(place.run("--json", "--passwords", str(place.passwords)).stdout)
    forged = {"request_put": {**key("v1/votes/use1/jwt-pizza"), "value": b64("forged")}}
    body = {"success": [{"request_txn": {"success": [forged]}}]}
    assert said["roles_kept"] is denied(place, tokens["usw2"], "kv/txn", body)
    told = place.run("--passwords", str(place.passwords))
    assert ("this etcd does not keep to its roles" in told.stdout) is not said["roles_kept"]


def test_what_any_client_may_do_to_leases_is_as_documented(ready):
    """docs/ETCD.md, "What a captured probe can do": if this changes, so must that."""
    place, tokens, lease = ready
    etcd = place.etcd
    if json.loads(place.run("--json", "--passwords", str(place.passwords)).stdout)["roles_kept"]:
        pytest.skip("this etcd is newer than those that the documentation speaks of")
    assert etcd.must("lease/keepalive", {"ID": lease}, tokens["usw2"])["result"]["TTL"] == "60"
    status, answer = etcd.ask("lease/revoke", {"ID": lease})
    assert (status, answer["error"]) == (400, "etcdserver: user name is empty")
    empty = etcd.must("lease/grant", {"TTL": 60}, tokens["use1"])["ID"]
    etcd.must("lease/revoke", {"ID": empty}, tokens["usw2"])
    assert etcd.must("kv/range", under("v1/votes/"), tokens["fra"])["count"] == "1"


# ---- TLS ----

def test_it_is_done_over_tls_with_a_certificate_without_a_name(make_place):
    place = make_place(tls=True)
    place.init()
    assert place.plan() == []
    assert denied(place, place.token("usw2"), "kv/put",
                  {**key("v1/votes/use1/jwt-pizza"), "value": b64("forged")})


def test_a_client_certificate_with_a_name_is_refused_with_the_reason(make_place):
    place = make_place(tls=True)
    place.init()
    tls = place.etcd.authority.folder
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=use1", "-keyout", tls / "named.key", "-out", tls / "named.csr")
    openssl("x509", "-req", "-in", tls / "named.csr", "-CA", tls / "ca.pem", "-CAkey",
            tls / "ca.key", "-CAcreateserial", "-days", "2", "-out", tls / "named.pem")
    place.write_settings(place.etcd.store_section("named"))
    done = place.run("--passwords", str(place.passwords))
    assert done.returncode == 1
    assert "CommonName" in done.stderr


# ---- daemons under these users ----

class EtcdStage(Stage):
    """The stage on loopback, with etcd for a store; each daemon is a user of its own name."""

    why_store = "etcd, with users"

    def __init__(self, place, **options):
        super().__init__(**options)
        self.place = place

    def store_section(self):
        return (self.place.etcd.store_section() + f"    lease = {self.timing['lease']};\n"
                + f'    password = "file:{self.place.passwords}/@PROBE@";\n')

    def own_section(self, probe, text):
        return super().own_section(probe, text).replace("@PROBE@", probe)


def test_daemons_under_these_users_move_traffic(make_place):
    """TLS, a client certificate, a user each: init, a failover, an order; nothing is denied."""
    place = make_place(tls=True)
    place.init()
    with EtcdStage(place, lab_options=["--rate", "0"], timing=QUICK).start() as stage:
        stage.settle()
        since = time.monotonic()
        for service in ("factory", "pizza"):
            stage.kill_site(service, "us-east-1")
        stage.wait_mail(60, since, Event="moved")
        stage.wait_until("pizza is served from us-west-2", lambda: set(
            stage.dig("pizza.example.com", 5)) == {stage.address("pizza", "us-west-2")}, 30)
        stage.ctl("freeze", "--reason", "an order is written, too")
        said = [line.text for probe in PROBES for line in stage.programs[probe].lines]
        assert not [text for text in said if "denied" in text]
        kept = place.etcd.must("kv/range", under("v1/votes/"), place.token("root"))
        assert kept["count"] == "3"
