# SPDX-License-Identifier: Apache-2.0
"""Health checks as Route 53 keeps them: the operations, through boto3 and aws."""

import json
import uuid

import pytest

from clients import aws, change, client, refusal
from labctl import Lab, weighted

HTTP = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": 8080}
MATCH = dict(HTTP, Type="HTTP_STR_MATCH", SearchString="TAKEOVER", ResourcePath="/beacon")


def create(lab, reference=None, **config):
    """A health check made now: the HealthCheck of the reply."""
    return client(lab.endpoint, check=False).create_health_check(
        CallerReference=reference or str(uuid.uuid4()), HealthCheckConfig=config)["HealthCheck"]


def calculated(lab, *children, threshold=1, **config):
    return create(lab, Type="CALCULATED", ChildHealthChecks=list(children),
                  HealthThreshold=threshold, **config)


@pytest.fixture(scope="module")
def quiet_lab():
    with Lab(options=["--rate", "0", "--insync-delay", "0", "--checker-speed", "0"]) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def lab(quiet_lab):
    """Polls only when told to; emptied before each test."""
    quiet_lab.replace([])
    for check in quiet_lab.checks():
        client(quiet_lab.endpoint).delete_health_check(HealthCheckId=check["id"])
    return quiet_lab


@pytest.fixture
def api(lab):
    return client(lab.endpoint)


# -- making them --

def test_a_new_check_is_answered_with_its_id_version_and_defaults(lab, api):
    reply = api.create_health_check(CallerReference="r1", HealthCheckConfig=HTTP)
    check = reply["HealthCheck"]
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert reply["Location"] == \
        f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check['Id']}"
    assert check["HealthCheckVersion"] == 1 and check["CallerReference"] == "r1"
    assert check["HealthCheckConfig"] == dict(
        HTTP, RequestInterval=30, FailureThreshold=3, MeasureLatency=False, Inverted=False,
        Disabled=False, EnableSNI=False)
    assert str(uuid.UUID(check["Id"])) == check["Id"]


def test_ports_and_sni_follow_the_type(lab):
    name = {"FullyQualifiedDomainName": "www.example.com"}
    plain, secure = create(lab, Type="HTTP", **name), create(lab, Type="HTTPS", **name)
    assert [check["HealthCheckConfig"]["Port"] for check in (plain, secure)] == [80, 443]
    assert [check["HealthCheckConfig"]["EnableSNI"] for check in (plain, secure)] == [False, True]


def test_the_same_reference_and_settings_are_the_same_check(lab):
    again, other = create(lab, "again", **MATCH), create(lab, "other", **MATCH)
    assert create(lab, "again", **MATCH) == again and other["Id"] != again["Id"]


def test_a_reference_with_other_settings_is_refused(lab):
    create(lab, "other settings", **MATCH)
    assert refusal(create, lab, "other settings", **HTTP) == (
        "HealthCheckAlreadyExists", "A different health check has already been created with the "
        "specified caller reference.")


def test_the_reference_of_a_deleted_check_is_never_free_again(lab, api):
    api.delete_health_check(HealthCheckId=create(lab, "deleted", **HTTP)["Id"])
    assert refusal(create, lab, "deleted", **HTTP)[0] == "HealthCheckAlreadyExists"


def test_the_account_has_a_limit(lab_factory):
    lab = lab_factory(["--rate", "0", "--health-check-limit", "2", "--checker-speed", "0"])
    create(lab, **HTTP)
    create(lab, **HTTP)
    assert refusal(create, lab, **HTTP)[0] == "TooManyHealthChecks"


@pytest.mark.parametrize("config, text", [
    (dict(HTTP, RequestInterval=20), "10 or 30"),
    (dict(HTTP, RequestInterval=9), "greater than or equal to 10"),
    (dict(HTTP, FailureThreshold=11), "less than or equal to 10"),
    (dict(HTTP, Port=65536), "less than or equal to 65535"),
    (dict(HTTP, IPAddress="256.0.0.1"), "regular expression pattern"),
    (dict(HTTP, Type="ICMP"), "enum value set"),
    (dict(HTTP, ResourcePath="/" + "x" * 255), "length less than or equal to 255"),
    (dict(HTTP, SearchString="x"), "search string"),
    (dict(HTTP, Type="HTTP_STR_MATCH"), "search string"),
    (dict(MATCH, SearchString="x" * 256), "length less than or equal to 255"),
    ({"Type": "HTTP"}, "IP address or a fully qualified domain name"),
    ({"Type": "TCP", "IPAddress": "127.0.0.1"}, "port"),
    ({"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 1, "FullyQualifiedDomainName": "a.b"},
     "must not have a fully qualified domain name"),
    ({"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 1, "ResourcePath": "/"}, "ResourcePath"),
    (dict(HTTP, HealthThreshold=1), "Basic health checks must not have HealthThreshold"),
    (dict(HTTP, Regions=["us-east-1", "us-west-1"]), "is not complete"),
    (dict(HTTP, Regions=["us-east-1", "us-west-1", "mars-1"]), "enum value set"),
    (dict(HTTP, Regions=["us-east-1"] * 3), "twice"),
    (dict(HTTP, AlarmIdentifier={"Region": "us-east-1", "Name": "a"}),
     "Basic health checks must not have an metric region specified."),
    ({"Type": "CALCULATED", "ChildHealthChecks": []}, "must have a health threshold specified."),
    ({"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["nobody"]}, "nobody"),
    ({"Type": "CALCULATED", "HealthThreshold": 1, "Port": 80}, "Port"),
    ({"Type": "CALCULATED", "HealthThreshold": 1, "RequestInterval": 10}, "RequestInterval"),
    ({"Type": "CALCULATED", "HealthThreshold": 257}, "less than or equal to 256")])
def test_settings_that_cannot_be_are_refused(lab, config, text):
    code, message = refusal(create, lab, **config)
    assert code == "InvalidInput" and text in message


def test_calculated_checks_do_not_nest(lab):
    child = create(lab, **HTTP)["Id"]
    parent = calculated(lab, child)["Id"]
    code, message = refusal(calculated, lab, parent)
    assert code == "InvalidInput" and "calculated health checks as children" in message


def test_a_reference_has_64_characters(lab):
    create(lab, "r" * 64, **HTTP)
    assert refusal(create, lab, "r" * 65, **HTTP)[0] == "InvalidInput"


def test_private_addresses_can_be_refused_as_route_53_does(lab_factory):
    lab = lab_factory(["--rate", "0", "--refuse-private", "--checker-speed", "0"])
    for address in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "fe80::1", "224.0.0.1"):
        assert refusal(create, lab, **dict(HTTP, IPAddress=address))[0] == "InvalidInput"
    create(lab, **dict(HTTP, IPAddress="8.8.8.8"))


# -- reading them --

def test_a_check_is_read_as_it_was_made(lab, api):
    made = create(lab, **dict(MATCH, Inverted=True, FailureThreshold=1, RequestInterval=10,
                              Regions=["us-east-1", "eu-west-1", "sa-east-1"]))
    assert api.get_health_check(HealthCheckId=made["Id"])["HealthCheck"] == made
    assert api.get_health_check_count()["HealthCheckCount"] == 1


def test_the_aws_command_can_do_it_all(lab):
    made = aws(lab, "create-health-check", "--caller-reference", "cli", "--health-check-config",
               json.dumps(MATCH))["HealthCheck"]
    one = ["--health-check-id", made["Id"]]
    assert aws(lab, "get-health-check", *one)["HealthCheck"] == made
    updated = aws(lab, "update-health-check", *one, "--health-check-version", "1",
                  "--search-string", "OTHER")["HealthCheck"]
    assert updated["HealthCheckConfig"]["SearchString"] == "OTHER"
    assert [check["Id"] for check in aws(lab, "list-health-checks")["HealthChecks"]] == [made["Id"]]
    assert aws(lab, "delete-health-check", *one, check=False).returncode == 0
    assert aws(lab, "get-health-check-count")["HealthCheckCount"] == 0


def test_a_list_comes_in_pages(lab, api):
    made = sorted(create(lab, **HTTP)["Id"] for _ in range(5))
    pages = list(api.get_paginator("list_health_checks").paginate(
        PaginationConfig={"PageSize": 2}))
    assert [[check["Id"] for check in page["HealthChecks"]] for page in pages] == [
        made[:2], made[2:4], made[4:]]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert pages[0]["NextMarker"] == made[2] and pages[0]["MaxItems"] == "2"


def test_a_page_may_be_smaller_than_asked_for(lab_factory):
    lab = lab_factory(["--rate", "0", "--list-max", "1", "--checker-speed", "0"])
    for _ in range(3):
        create(lab, **HTTP)
    pages = list(client(lab.endpoint).get_paginator("list_health_checks").paginate())
    assert [len(page["HealthChecks"]) for page in pages] == [1, 1, 1]


@pytest.mark.parametrize("call", ["get_health_check", "get_health_check_status",
                                  "delete_health_check", "update_health_check",
                                  "get_health_check_last_failure_reason"])
def test_a_check_that_does_not_exist_is_not_found(api, call):
    more = {"Port": 80} if call == "update_health_check" else {}
    assert refusal(getattr(api, call), HealthCheckId="nobody", **more)[0] == "NoSuchHealthCheck"


# -- changing them --

def test_an_update_changes_what_it_names_and_counts(lab, api):
    made = create(lab, **MATCH)
    updated = api.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1,
                                      SearchString="OTHER", Inverted=True)["HealthCheck"]
    assert updated["HealthCheckVersion"] == 2
    assert updated["HealthCheckConfig"] == dict(made["HealthCheckConfig"], SearchString="OTHER",
                                                Inverted=True)


def test_an_update_of_an_older_version_is_refused(lab, api):
    made = create(lab, **MATCH)
    api.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1, SearchString="TWO")
    code, _ = refusal(api.update_health_check, HealthCheckId=made["Id"], HealthCheckVersion=1,
                      SearchString="THREE")
    assert code == "HealthCheckVersionMismatch"
    kept = api.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
    assert (kept["HealthCheckVersion"], kept["HealthCheckConfig"]["SearchString"]) == (2, "TWO")
    api.update_health_check(HealthCheckId=made["Id"], SearchString="FOUR")      # without: any


def test_an_update_can_reset_and_is_validated(lab, api):
    child = create(lab, **HTTP)["Id"]
    parent = calculated(lab, child, threshold=1)["Id"]
    updated = api.update_health_check(HealthCheckId=parent, ResetElements=["ChildHealthChecks"])
    assert "ChildHealthChecks" not in updated["HealthCheck"]["HealthCheckConfig"]
    assert refusal(api.update_health_check, HealthCheckId=parent, Port=80)[0] == "InvalidInput"
    assert refusal(api.update_health_check, HealthCheckId=parent,
                   ChildHealthChecks=[parent])[0] == "InvalidInput"


def test_an_address_cannot_be_added_later(lab, api):
    made = create(lab, Type="HTTP", FullyQualifiedDomainName="a.example.com")
    assert refusal(api.update_health_check, HealthCheckId=made["Id"],
                   IPAddress="127.0.0.1")[0] == "InvalidInput"


# -- deleting them --

def test_a_check_in_use_is_deleted_all_the_same_as_amazon_documents(lab, api):
    made = create(lab, **HTTP)["Id"]
    change(lab, ("CREATE", dict(weighted("pizza.example.com", "use1", 1, "192.0.2.1"),
                                HealthCheckId=made)))
    api.delete_health_check(HealthCheckId=made)
    assert lab.records()[-1]["HealthCheckId"] == made


def test_a_check_in_use_can_be_kept(lab_factory):
    lab = lab_factory(["--rate", "0", "--refuse-delete-in-use", "--checker-speed", "0"])
    api = client(lab.endpoint)
    child = create(lab, **HTTP)["Id"]
    parent = calculated(lab, child)["Id"]
    rrset = dict(weighted("pizza.example.com", "use1", 1, "192.0.2.1"), HealthCheckId=parent)
    change(lab, ("CREATE", rrset))
    for used in (child, parent):
        assert refusal(api.delete_health_check, HealthCheckId=used)[0] == "HealthCheckInUse"
    change(lab, ("DELETE", rrset))
    api.delete_health_check(HealthCheckId=parent)
    api.delete_health_check(HealthCheckId=child)


def test_a_record_set_names_only_checks_that_exist(lab):
    rrset = weighted("pizza.example.com", "use1", 1, "192.0.2.1")
    assert refusal(change, lab, ("CREATE", dict(rrset, HealthCheckId=str(uuid.uuid4()))))[0] == \
        "NoSuchHealthCheck"
    change(lab, ("CREATE", dict(rrset, HealthCheckId=create(lab, **HTTP)["Id"])))


# -- tags --

def test_tags_are_added_changed_removed_and_listed(lab, api):
    made = create(lab, **HTTP)["Id"]
    where = {"ResourceType": "healthcheck", "ResourceId": made}
    api.change_tags_for_resource(**where, AddTags=[{"Key": "Name", "Value": "pizza"},
                                                   {"Key": "regionshift", "Value": "use1"}])
    api.change_tags_for_resource(**where, AddTags=[{"Key": "Name", "Value": "factory"}],
                                 RemoveTagKeys=["regionshift"])
    assert api.list_tags_for_resource(**where)["ResourceTagSet"] == dict(
        where, Tags=[{"Key": "Name", "Value": "factory"}])


def test_zones_have_tags_too(api):
    where = {"ResourceType": "hostedzone", "ResourceId": "ZLAB1"}
    api.change_tags_for_resource(**where, AddTags=[{"Key": "team", "Value": "pizza"}])
    assert api.list_tags_for_resource(**where)["ResourceTagSet"]["Tags"] == [
        {"Key": "team", "Value": "pizza"}]


@pytest.mark.parametrize("kind, resource, code", [
    ("healthcheck", "nobody", "NoSuchHealthCheck"), ("hostedzone", "ZNONE", "NoSuchHostedZone"),
    ("bucket", "b", "InvalidInput")])
def test_tags_need_something_to_hang_on(api, kind, resource, code):
    assert refusal(api.list_tags_for_resource, ResourceType=kind,
                   ResourceId=resource)[0] == code


def test_a_resource_has_ten_tags_at_most(lab, api):
    where = {"ResourceType": "healthcheck", "ResourceId": create(lab, **HTTP)["Id"]}
    api.change_tags_for_resource(**where, AddTags=[{"Key": f"k{n}", "Value": ""}
                                                   for n in range(10)])
    assert refusal(api.change_tags_for_resource, **where,
                   AddTags=[{"Key": "one more", "Value": ""}])[0] == "InvalidInput"
