# SPDX-License-Identifier: Apache-2.0
"""Is this request signed?  The judge is botocore's own signer, run on the request as received.

Only what botocore leaves to its caller is ours: which headers were signed (the request says so),
the age of the signature, the scope, the key, and that the body is the one that was signed.
"""

import calendar
import hashlib
import re
import time
from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

from .errors import ApiError

REGION = "us-east-1"
SERVICE = "route53"
MAX_SKEW_S = 300
FIELD = re.compile(r"^\s*(Credential|SignedHeaders|Signature)=([^\s,]*)\s*$")
STAMP = re.compile(r"^\d{8}T\d{6}Z$")
STAMP_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Key:
    """An access key the lab knows; `token` is set for temporary credentials, `expires` (wall
    clock) too. `principal` is whose it is (principals.py)."""
    access: str
    secret: str
    token: Optional[str] = None
    principal: object = None
    expires: Optional[float] = None


class Verifier(SigV4Auth):
    """botocore's signer, but it signs the headers which the request says were signed."""

    def headers_to_sign(self, request):
        return request.headers


def _refuse(message):
    return ApiError("SignatureDoesNotMatch", message, status=403)


def _parse_authorization(text):
    algorithm, _, rest = text.partition(" ")
    if algorithm != "AWS4-HMAC-SHA256":
        raise ApiError("IncompleteSignature", "Unsupported AWS 'algorithm': "
                       f"'{algorithm}', only AWS4-HMAC-SHA256 is supported.", status=400)
    fields = {}
    for part in rest.split(","):
        match = FIELD.match(part)
        if not match or match.group(1) in fields:
            raise ApiError("IncompleteSignature",
                           f"Authorization header has a bad part: '{part.strip()}'.", status=400)
        fields[match.group(1)] = match.group(2)
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if name not in fields]
    if missing:
        raise ApiError("IncompleteSignature", "Authorization header requires "
                       + ", ".join(f"'{name}' parameter" for name in missing) + ".", status=400)
    return fields


def _one(headers, name):
    """The value of a header that may be sent once; None if absent."""
    found = [value for key, value in headers if key.lower() == name]
    if len(found) > 1:
        raise _refuse(f"The header '{name}' was sent {len(found)} times.")
    return found[0] if found else None


def _check_scope(credential, stamp, service_wanted, region_wanted):
    """The access key and the region; `region_wanted` None: any."""
    parts = credential.split("/")
    if len(parts) != 5:
        raise ApiError("IncompleteSignature", "Credential must have exactly 5 slash-delimited "
                       f"elements, e.g. keyid/date/region/service/term, got '{credential}'.",
                       status=400)
    access, date, region, service, term = parts
    if region_wanted is not None and region != region_wanted:
        raise _refuse(f"Credential should be scoped to a valid region, not '{region}'.")
    if service != service_wanted:
        raise _refuse(f"Credential should be scoped to correct service: '{service_wanted}'.")
    if term != "aws4_request":
        raise _refuse("Credential should be scoped with a valid terminator: 'aws4_request', "
                      f"not '{term}'.")
    if date != stamp[:8]:
        raise _refuse("Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                      f"of date from HTTP: '{date}' != '{stamp[:8]}', from '{stamp}'.")
    return access, region


def _check_age(stamp, now):
    """`now` in seconds since 1970."""
    try:
        signed_at = calendar.timegm(time.strptime(stamp, STAMP_FORMAT))
    except ValueError:
        raise _refuse(f"X-Amz-Date is no date: '{stamp}'.") from None
    now_text = time.strftime(STAMP_FORMAT, time.gmtime(now))
    if signed_at < now - MAX_SKEW_S:
        oldest = time.strftime(STAMP_FORMAT, time.gmtime(now - MAX_SKEW_S))
        raise _refuse(f"Signature expired: {stamp} is now earlier than {oldest} "
                      f"({now_text} - 5 min.)")
    if signed_at > now + MAX_SKEW_S:
        newest = time.strftime(STAMP_FORMAT, time.gmtime(now + MAX_SKEW_S))
        raise _refuse(f"Signature not yet current: {stamp} is still later than {newest} "
                      f"({now_text} + 5 min.)")


def _signed_headers(headers, names):
    """The signed headers as botocore wants them; host and every x-amz- header must be among."""
    must = {"host"} | {key.lower() for key, _ in headers if key.lower().startswith("x-amz-")}
    unsigned = must - set(names)
    if unsigned:
        raise _refuse("'Host' and all 'X-Amz-' headers must be signed; not signed: "
                      + ", ".join(sorted(unsigned)) + ".")
    out = HTTPHeaders()
    for name in names:
        found = [value for key, value in headers if key.lower() == name]
        if not found:
            raise _refuse(f"The signed header '{name}' is not in the request.")
        for value in found:
            out[name] = value
    return out


def query_pairs(query):
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name or value:
            pairs.append((unquote(name), unquote(value)))
    return pairs


def _expected(key, request, names, stamp, scope):
    """The signature botocore gives to this request; `scope`: (service, region)."""
    path, _, query = request.target.partition("?")
    signer = Verifier(Credentials(key.access, key.secret, key.token), *scope)
    aws = AWSRequest(method=request.method, url="http://lab" + path, data=request.body,
                     params=query_pairs(query))
    aws.headers = _signed_headers(request.headers, names)
    aws.context["timestamp"] = stamp
    return signer.signature(signer.string_to_sign(aws, signer.canonical_request(aws)), aws)


def verify(request, keys, now, service=SERVICE, region=REGION):
    """Returns the Key that signed `request` or raises ApiError. `keys`: {access: Key}.

    `region` None: any will do.
    """
    authorization = _one(request.headers, "authorization")
    if authorization is None:
        raise ApiError("MissingAuthenticationToken", "Request is missing Authentication Token",
                       status=403)
    fields = _parse_authorization(authorization)
    stamp = _one(request.headers, "x-amz-date")
    if stamp is None or not STAMP.match(stamp):
        raise ApiError("IncompleteSignature", "Authorization header requires existence of a "
                       "good 'X-Amz-Date' header.", status=400)
    access, signed_region = _check_scope(fields["Credential"], stamp, service, region)
    key = keys.get(access)
    if key is None or _one(request.headers, "x-amz-security-token") != key.token:
        raise ApiError("InvalidClientTokenId",
                       "The security token included in the request is invalid.", status=403)
    if key.expires is not None and now >= key.expires:
        raise ApiError("ExpiredToken",
                       "The security token included in the request is expired", status=403)
    _check_age(stamp, now)
    names = fields["SignedHeaders"].split(";")
    if names != sorted(set(names)) or names != [name.lower() for name in names]:
        raise _refuse("SignedHeaders must be lower case, sorted and without repetition.")
    body_hash = _one(request.headers, "x-amz-content-sha256")
    if body_hash not in (None, hashlib.sha256(request.body).hexdigest()):
        raise _refuse("The value of 'X-Amz-Content-SHA256' is not the hash of the body.")
    if fields["Signature"] != _expected(key, request, names, stamp,
                                          (service, signed_region)):
        raise _refuse("The request signature we calculated does not match the signature you "
                      "provided. Check your AWS Secret Access Key and signing method. Consult "
                      "the service documentation for details.")
    return key
