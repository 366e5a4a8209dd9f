# SPDX-License-Identifier: Apache-2.0
"""Signatures and XML: what the lab refuses before it looks at a zone."""

import subprocess

import pytest

from clients import (GOOD, LIST, NAMESPACE, POST, aws, change, client, http_status, post,
                     post_xml, refusal, send, signed)
from labctl import ACCESS_KEY, Lab, LabError, simple


def tampered(request, at, value):
    out = list(request)
    out[at] = value
    return tuple(out)


def header(request, name, value):
    """The request with a header replaced (None: taken away)."""
    method, target, headers, body = request
    headers = [(key, old) for key, old in headers if key.lower() != name.lower()]
    return method, target, headers + ([(name, value)] if value is not None else []), body


# -- signatures --

def test_a_request_signed_by_botocore_is_good(shared_lab):
    assert http_status(send(shared_lab, *signed(shared_lab))) == 200
    assert http_status(post_xml(shared_lab, GOOD)) == 200


def test_a_wrong_secret_is_refused(shared_lab):
    api = client(shared_lab.endpoint, secret="wrong")
    code, message = refusal(api.get_hosted_zone_count)
    assert code == "SignatureDoesNotMatch" and "Check your AWS Secret Access Key" in message
    assert http_status(send(shared_lab, *signed(shared_lab, secret="wrong"))) == 403


def test_an_unknown_key_is_refused(shared_lab):
    assert refusal(client(shared_lab.endpoint, access="AKIANOBODY").get_hosted_zone_count) == (
        "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert http_status(send(shared_lab, *signed(shared_lab, access="AKIANOBODY"))) == 403


def test_a_request_without_signature_is_refused(shared_lab):
    reply = send(shared_lab, "GET", LIST)
    assert http_status(reply) == 403 and b"<Code>MissingAuthenticationToken</Code>" in reply


@pytest.mark.parametrize("skew_s, words", [
    (-301, b"Signature expired: "), (301, b"Signature not yet current: "), (-290, None),
    (290, None)])
def test_a_clock_more_than_five_minutes_off_is_refused(shared_lab, skew_s, words):
    reply = send(shared_lab, *signed(shared_lab, skew_s=skew_s))
    if words is None:
        assert http_status(reply) == 200
    else:
        assert http_status(reply) == 403 and words in reply
        assert b"<Code>SignatureDoesNotMatch</Code>" in reply


@pytest.mark.parametrize("scope, words", [
    ({"region": "us-west-2"}, b"scoped to a valid region"),
    ({"service": "s3"}, b"scoped to correct service: 'route53'")], ids=["region", "service"])
def test_a_signature_for_another_scope_is_refused(shared_lab, scope, words):
    reply = send(shared_lab, *signed(shared_lab, **scope))
    assert http_status(reply) == 403 and words in reply


def test_temporary_credentials_need_their_token(lab_factory):
    lab = lab_factory(["--rate", "0", "--session-token", "tok/en+1=="])
    assert client(lab.endpoint, token="tok/en+1==").get_hosted_zone_count()["HostedZoneCount"] == 1
    for token in (None, "other"):
        assert refusal(client(lab.endpoint, token=token).get_hosted_zone_count)[0] == \
            "InvalidClientTokenId"


def test_a_token_nobody_gave_out_is_refused(shared_lab):
    assert refusal(client(shared_lab.endpoint, token="x").get_hosted_zone_count)[0] == \
        "InvalidClientTokenId"


def test_a_query_may_be_sent_unsorted_but_is_signed_sorted(shared_lab):
    query = "?type=A&name=%5C052.example.com.&maxitems=2&identifier=a%20b"
    assert http_status(send(shared_lab, *signed(shared_lab, target=LIST + query))) == 200
    request = signed(shared_lab, target=LIST + "?maxitems=2&name=a.example.com")
    swapped = tampered(request, 1, LIST + "?name=a.example.com&maxitems=2")
    assert http_status(send(shared_lab, *swapped)) == 200


def test_a_signature_over_the_unsorted_query_is_refused(shared_lab, monkeypatch):
    """As libcurl 7.88 signs: the query just as it stands in the URL."""
    import botocore.auth
    monkeypatch.setattr(botocore.auth.SigV4Auth, "_canonical_query_string_url",
                        lambda self, parts: parts.query)
    request = signed(shared_lab, target=LIST + "?name=a.example.com&maxitems=2")
    assert b"SignatureDoesNotMatch" in send(shared_lab, *request)
    request = signed(shared_lab, target=LIST + "?maxitems=2&name=a.example.com")
    assert http_status(send(shared_lab, *request)) == 200


@pytest.mark.parametrize("change_it", [
    lambda r: tampered(r, 1, LIST + "?maxitems=3"),
    lambda r: tampered(r, 1, LIST.replace("ZLAB1", "ZLAB2") + "?maxitems=2"),
    lambda r: header(r, "X-Amz-Date", "20200101T000000Z"),
    lambda r: header(r, "X-Amz-Date", "yesterday"),
    lambda r: header(r, "X-Amz-Date", None),
    lambda r: header(r, "X-Amz-Target", "unsigned"),
    lambda r: tampered(r, 2, r[2] + [(k, v) for k, v in r[2] if k == "X-Amz-Date"]),
    lambda r: tampered(r, 2, r[2] + [(k, v) for k, v in r[2] if k == "Authorization"]),
    lambda r: tampered(r, 2, [(k, v.replace("host;", "")) for k, v in r[2]]),
    lambda r: tampered(r, 2, [(k, v.replace("host;", "Host;")) for k, v in r[2]]),
    lambda r: tampered(r, 2, [(k, v[:-1] + ("0" if v[-1] != "0" else "1")) for k, v in r[2]]),
    lambda r: header(r, "Authorization", "AWS4-HMAC-SHA256"),
    lambda r: header(r, "Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host"),
    lambda r: header(r, "Authorization", "Bearer abc")],
    ids=["query", "path", "old-date", "no-date-at-all", "date-missing", "header-added",
         "date-twice", "authorization-twice", "host-unsigned", "header-case", "signature",
         "empty-authorization", "short-authorization", "bearer"])
def test_whatever_is_altered_after_signing_is_refused(shared_lab, change_it):
    good = signed(shared_lab, target=LIST + "?maxitems=2")
    reply = send(shared_lab, *change_it(good))
    assert http_status(reply) in (400, 403) and b"<Code>" in reply
    assert http_status(send(shared_lab, *good)) == 200


def test_another_body_than_the_signed_one_is_refused(shared_lab):
    body = f'<ChangeResourceRecordSetsRequest xmlns="{NAMESPACE}">{GOOD}'.encode() + \
        b"</ChangeResourceRecordSetsRequest>"
    request = signed(shared_lab, "POST", POST, body)
    other = tampered(request, 3, body.replace(b"192.0.2.1", b"192.0.2.2"))
    assert b"SignatureDoesNotMatch" in send(shared_lab, *other)
    import hashlib
    hashed = [("X-Amz-Content-SHA256", hashlib.sha256(body).hexdigest())]
    request = signed(shared_lab, "POST", POST, body, headers=hashed)
    other = tampered(request, 3, body.replace(b"192.0.2.1", b"192.0.2.2"))
    assert b"is not the hash of the body" in send(shared_lab, *other)
    assert http_status(send(shared_lab, *request)) == 200


def test_more_headers_may_be_signed(shared_lab):
    extra = [("Content-Type", "text/xml"), ("X-Amz-Meta", "  two   spaces "), ("Accept", "*/*")]
    assert http_status(send(shared_lab, *signed(shared_lab, headers=extra))) == 200


# -- addresses --

def test_an_unknown_address_or_method_is_refused(shared_lab):
    assert http_status(send(shared_lab, *signed(shared_lab, target="/2013-04-01/nothing"))) == 404
    assert http_status(send(shared_lab, *signed(shared_lab, "DELETE", LIST))) == 405


def test_requests_that_are_no_http_do_not_harm(shared_lab):
    for raw in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
                b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n"):
        reply = send(shared_lab, "", "", raw=raw)
        assert not reply.startswith(b"HTTP/") or http_status(reply) >= 400
    for line, wanted in ((b"Content-Length: -1", 400), (b"Content-Length: 1e3", 400),
                         (b"Content-Length: 1\r\nContent-Length: 2", 400),
                         (b"Content-Length: 99999999", 413), (b"Transfer-Encoding: chunked", 501)):
        raw = b"POST " + POST.encode() + b" HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n"
        assert http_status(send(shared_lab, "", "", raw=raw)) == wanted
    assert http_status(send(shared_lab, *signed(shared_lab))) == 200


# -- XML --

def test_a_document_type_is_refused_before_any_entity(shared_lab):
    laughs = (b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
              + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n > 1 else b"&a;")
                         for n in range(1, 12))
              + b']><ChangeResourceRecordSetsRequest>&a11;</ChangeResourceRecordSetsRequest>')
    external = (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                b"<ChangeResourceRecordSetsRequest>&e;</ChangeResourceRecordSetsRequest>")
    for body in (laughs, external, b"<!DOCTYPE x><ChangeResourceRecordSetsRequest/>"):
        reply = post(shared_lab, body)
        assert http_status(reply) == 400 and b"<Code>MalformedInput</Code>" in reply
        assert b"DOCTYPE is not allowed" in reply


@pytest.mark.parametrize("body", [
    b"", b"hello", b"<a", b"<a></b>", b"<a/><b/>", b"<a/>tail", b"\xff\xfe\x00", b"<a>&none;</a>",
    b'<?xml version="1.0" encoding="no-such"?><a/>', b"<a>" + b"\x01" + b"</a>",
    b"<a>" * 40 + b"</a>" * 40, b"<a>\xc3</a>"])
def test_what_is_no_xml_is_malformed_input(shared_lab, body):
    reply = post(shared_lab, body)
    assert http_status(reply) == 400 and b"<Code>MalformedInput</Code>" in reply
    assert b"Could not parse XML" in reply


def test_another_root_is_malformed_input(shared_lab):
    reply = post_xml(shared_lab, "<Changes/>", envelope="ChangeBatch")
    assert b"ChangeBatch is not valid, expected ChangeResourceRecordSetsRequest" in reply


@pytest.mark.parametrize("xmlns", [None, "https://route53.amazonaws.com/doc/2012-12-12/"])
def test_a_root_outside_the_namespace_is_invalid_input(shared_lab, xmlns):
    reply = post_xml(shared_lab, GOOD, xmlns=xmlns)
    assert b"<Code>InvalidInput</Code>" in reply and b"Cannot find the declaration" in reply


@pytest.mark.parametrize("old, new", [
    ("<TTL>60</TTL>", "<TTL>60</TTL><Colour>red</Colour>"),
    ("<TTL>60</TTL>", "<TTL>60</TTL><TTL>60</TTL>"), ("<TTL>60</TTL>", "<TTL>sixty</TTL>"),
    ("<TTL>60</TTL>", "<TTL>6e1</TTL>"), ("<TTL>60</TTL>", "<TTL/>"),
    ("<TTL>60</TTL>", '<TTL unit="s">60</TTL>'), ("<TTL>60</TTL>", "<TTL><b>60</b></TTL>"),
    ("<TTL>60</TTL>", "<TTL>" + "9" * 30 + "</TTL>"), ("<TTL>60</TTL>", "<TTL>60</TTL>text"),
    ("<TTL>60</TTL>", '<TTL xmlns="urn:x">60</TTL>'),
    ("<TTL>60</TTL>", "<MultiValueAnswer>perhaps</MultiValueAnswer><TTL>60</TTL>"),
    ("<Name>www.example.com</Name>", ""), ("<Action>CREATE</Action>", ""),
    ("<Action>CREATE</Action>", "<Action>REPLACE</Action>"),
    ("<Value>192.0.2.1</Value>", ""), ("ResourceRecord>", "Record>")])
def test_elements_outside_the_model_are_invalid_input(shared_lab, old, new):
    reply = post_xml(shared_lab, GOOD.replace(old, new))
    assert http_status(reply) == 400 and b"<Code>InvalidInput</Code>" in reply
    assert len(shared_lab.records()) == 2


def test_an_empty_batch_is_invalid_input(shared_lab):
    for inner in ("<ChangeBatch><Changes/></ChangeBatch>", "<ChangeBatch/>", ""):
        assert b"<Code>InvalidInput</Code>" in post_xml(shared_lab, inner)


def test_the_order_of_elements_counts_only_when_strict(shared_lab, lab_factory):
    swapped = GOOD.replace("<Name>www.example.com</Name><Type>A</Type>",
                           "<Type>A</Type><Name>www.example.com</Name>")
    assert http_status(post_xml(shared_lab, swapped)) == 200
    strict = lab_factory(["--rate", "0", "--strict-order"])
    reply = post_xml(strict, swapped)
    assert b"<Code>InvalidInput</Code>" in reply and b"starting with element 'Name'" in reply
    assert http_status(post_xml(strict, GOOD)) == 200


def test_comments_spaces_and_cdata_are_no_trouble(shared_lab):
    body = GOOD.replace("><", "> <!-- so --> <").replace("192.0.2.1", "<![CDATA[192.0.2.1]]>")
    assert http_status(post_xml(shared_lab, body)) == 200


def test_a_text_with_markup_comes_back_as_it_went(shared_lab):
    value = '"<&>\'; a=\\"b\\""'
    change(shared_lab, ("CREATE", simple("x.example.com", "TXT", value)), comment="<&>")
    assert shared_lab.records()[-1]["ResourceRecords"] == [{"Value": value}]
    page = client(shared_lab.endpoint).list_resource_record_sets(HostedZoneId="ZLAB1")
    assert page["ResourceRecordSets"][-1]["ResourceRecords"] == [{"Value": value}]


def test_a_body_over_a_megabyte_is_refused(shared_lab):
    assert http_status(send(shared_lab, "", "", raw=(
        f"POST {POST} HTTP/1.1\r\nHost: x\r\nContent-Length: {(1 << 20) + 1}\r\n\r\n"
    ).encode())) == 413


# -- the command --

@pytest.mark.parametrize("options, words", [
    (dict(http="0.0.0.0:0"), "is not on the loopback"), (dict(http="nowhere"), "is not ADDR:PORT"),
    (dict(http="127.0.0.1:70000"), "is not ADDR:PORT"), (dict(dns="localhost:53"), "ADDR:PORT"),
    (dict(zones={"example.com": "low"}), "is not NAME=ID"),
    (dict(zones={"a..b": "Z1"}), "DomainLabelEmpty"),
    (dict(zones={"a.test": "Z1", "b.test": "Z1"}), "two zones have the same id"),
    (dict(options=["--rate", "-1"]), "invalid number"),
    (dict(options=["--rate", "inf"]), "invalid number"),
    (dict(options=["--list-max", "301"]), "invalid page size"),
    (dict(options=["--nameserver", "ns.test=here"]), "is not NAME"),
    (dict(options=["--tls", "/nonexistent/cert", "/nonexistent/key"]), "No such file"),
    (dict(options=["--tls", "/dev/null", "/dev/null"]), "not a certificate and its key"),
    (dict(log="/nonexistent/lab.log"), "No such file or directory: /nonexistent/lab.log")])
def test_bad_options_are_refused_with_a_reason(options, words):
    with pytest.raises(LabError, match=words):
        Lab(**options).start()


def test_the_api_may_speak_tls(lab_factory, tmp_path):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=lab",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, stderr=subprocess.DEVNULL)
    lab = lab_factory(["--rate", "0", "--tls", cert, key])
    assert lab.endpoint.startswith("https://")
    zones = aws(lab, "get-hosted-zone-count", options=["--ca-bundle", cert])
    assert zones["HostedZoneCount"] == 1
    unverified = aws(lab, "get-hosted-zone-count", check=False)
    assert unverified.returncode != 0 and "SSL validation failed" in unverified.stderr
    lab.fault("down", mode="refuse")
    lab.heal()
    assert aws(lab, "get-hosted-zone-count", options=["--ca-bundle", cert])


def test_a_port_in_use_is_said_so(shared_lab):
    with pytest.raises(LabError, match="Address already in use"):
        Lab(http=shared_lab.http).start()
    with pytest.raises(LabError, match="Address already in use"):
        Lab(dns=shared_lab.dns).start()


def test_the_default_key_is_the_documented_one(shared_lab):
    assert ACCESS_KEY == shared_lab.credentials_env()["AWS_ACCESS_KEY_ID"]
    assert client(shared_lab.endpoint).get_hosted_zone_count()["HostedZoneCount"] >= 2
