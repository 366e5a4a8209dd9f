# SPDX-License-Identifier: Apache-2.0
"""The pipeline every request of the API goes through, and where each fault strikes in it."""

import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from urllib.parse import unquote

from . import model, signature
from .account import Batch, prior_request_not_complete
from .cloud import Cloud, scope_of
from .errors import ApiError
from .faults import WRITE
from .operations import Call
from .paging import bare_id
from .sts import Sts

XML = "text/xml"
HTML_PAGE = ("<html><head><title>503 Service Temporarily Unavailable</title></head>\n"
             "<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>\n")
MAX_BODY = 1 << 20


@dataclass
class Request:
    method: str
    target: str                         # path and query exactly as sent
    headers: list                       # (name, value), as sent
    body: bytes
    source: str = ""                    # the client's address


@dataclass
class Reply:
    """`delivery`: send, drop (close without a reply), reset, hang, cut (close half-way)."""
    status: int
    body: bytes = b""
    content_type: str = XML
    delivery: str = "send"
    headers: dict = field(default_factory=dict)


class RateLimit:
    """A bucket of `per_second` requests, filled continuously; 0 = no limit."""

    def __init__(self, per_second):
        self._per_second = per_second
        self._lock = threading.Lock()
        self._left = float(per_second)
        self._at = time.monotonic()

    def take(self):
        if not self._per_second:
            return True
        with self._lock:
            now = time.monotonic()
            self._left = min(float(self._per_second),
                             self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class RateLimits:
    """Each account has its own."""

    def __init__(self, per_second):
        self._per_second = per_second
        self._lock = threading.Lock()
        self._limits = {}

    def take(self, account):
        with self._lock:
            limit = self._limits.setdefault(account, RateLimit(self._per_second))
        return limit.take()


class Api:
    """`stopping` is an Event that ends every wait."""

    def __init__(self, account, operations, faults, authority, watched, rates, strict_order,
                 stopping):
        self._account = account
        self._operations = operations
        self._faults = faults
        self._authority = authority
        self._rates = rates
        self._sts = Sts(authority, self.now)
        self._cloud = Cloud(watched, authority, faults, self.now, stopping)
        self._routes = model.Routes(model.load())
        self._reader = model.Reader(ordered=strict_order)
        self._stopping = stopping
        self._count_lock = threading.Lock()
        self.counts = {}                # requests by operation
        self.late = []                  # batches that wait to be applied: (due, Batch)

    def now(self):
        """The wall clock as this Route 53 believes it to be."""
        skew = self._faults.get("clock")
        return time.time() + (skew["seconds"] if skew else 0)

    def serve(self, request):
        """One request in, one reply out."""
        request_id = str(uuid.uuid4())
        if request.method == "POST" and request.target == "/":
            return self._dress(self._serve_query(request, request_id), request_id)
        batch = None
        try:
            operation, in_path = self._routes.match(request.method,
                                                    request.target.partition("?")[0])
            self._note(operation.name)
            down = self._faults.take("down", operation.name)
            if down:
                return self._dress(self._down(down["mode"]), request_id)
            if operation.name == WRITE:
                batch = Batch(bare_id(unquote(in_path["Id"])), request_id=request_id)
            reply = self._answer(request, operation, in_path, batch)
        except ApiError as error:
            old_shape = self._faults.take("old-error-shape", WRITE if batch else None)
            text = error.to_xml(request_id, old_shape=old_shape is not None)
            reply = Reply(error.status, text.encode())
        return self._dress(reply, request_id)

    def _serve_query(self, request, request_id):
        """What is signed for CloudWatch or load balancers; everything else is for STS."""
        scope = scope_of(request)
        if scope is None:
            return self._serve_sts(request, request_id)
        self._note(scope[0].operation)
        return Reply(**self._cloud.serve(request, request_id, scope))

    def _serve_sts(self, request, request_id):
        down = self._faults.take("sts-down")
        if down:
            return self._down(down["mode"])
        status, text = self._sts.serve(request, request_id)
        return Reply(status, text.encode())

    def _dress(self, reply, request_id):
        reply.headers.update({"x-amzn-RequestId": request_id,
                              "Date": formatdate(self.now(), usegmt=True)})
        return reply

    def _note(self, name):
        with self._count_lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    # -- before the operation --

    def _answer(self, request, operation, in_path, batch):
        try:
            key = signature.verify(request, self._authority.keys(), self.now())
            if batch:
                batch.access_key = key.access
            self._refusals(operation.name, key.principal.account)
            params = self._params(request, operation, in_path, batch)
            self._authority.check(key.principal, operation.name, params, request.source,
                                  self._owner(operation.name, params))
        except ApiError as error:
            if batch:
                self._account.log_refusal(batch, error)
            raise
        return self._execute(operation, params, Call(key.principal.account, batch))

    def _owner(self, name, params):
        """The account that has what the request is about; None: nobody, or it is about nothing."""
        if name == "GetChange":
            change = self._account.changes.get(params["Id"])
            return self._account.owner_of_zone(change.zone_id) if change else None
        if "HealthCheckId" in params or params.get("ResourceType") == "healthcheck":
            return self._account.checks.owner_of(params.get("HealthCheckId",
                                                            params.get("ResourceId")))
        if name == "ListHostedZonesByName":     # its HostedZoneId is where a page begins
            return None
        return self._account.owner_of_zone(params.get("HostedZoneId", params.get(
            "ResourceId", params.get("Id"))))

    def _refusals(self, name, account):
        """Faults and limits that refuse a good request before it is looked at."""
        denied = self._faults.take("deny", name)
        if denied:
            raise ApiError(denied["code"], denied["message"], status=403, shape=denied["shape"])
        if self._faults.take("throttle", name) or not self._rates.take(account):
            raise ApiError("Throttling", "Rate exceeded")
        if self._faults.take("prior-request", name):
            raise prior_request_not_complete()

    def _params(self, request, operation, in_path, batch):
        shape = operation.input_shape
        params = {}
        if request.method == "POST":
            params = self._reader.request(request.body, shape)
        if shape is not None:
            query = request.target.partition("?")[2]
            params.update(model.query_params(signature.query_pairs(query), shape))
            for key, member in shape.members.items():
                if member.serialization.get("location") == "uri":
                    params[key] = bare_id(unquote(in_path[member.serialization["name"]]))
        if batch:
            batch.changes = params["ChangeBatch"]["Changes"]
            batch.comment = params["ChangeBatch"].get("Comment")
        if shape is not None:
            model.check_facets(params, shape)
        return params

    # -- the operation, and what may happen to it and to its reply --

    def _execute(self, operation, params, call):
        name, batch = operation.name, call.batch
        broken = self._faults.take("error500", name)
        if broken:
            return self._instead(operation, params, call, broken,
                                 self._server_error(broken["status"]))
        page = self._faults.take("html", name)
        if page:
            return self._instead(operation, params, call, page,
                                 Reply(page["status"], HTML_PAGE.encode(), "text/html"))
        late = self._faults.take("late", WRITE) if batch else None
        if late:
            self._apply_later(batch, late["seconds"])
            return self._lost(late["reply"])
        slow = self._faults.take("slow", name)
        if slow and slow["when"] == "before":
            self._stopping.wait(slow["seconds"])
        value = self._operations.call(name, params, call)
        if slow and slow["when"] == "after":
            self._stopping.wait(slow["seconds"])
        lost = self._faults.take("lose-reply", name)
        if lost:
            return self._lost(lost["reply"])
        status = operation.http.get("responseCode", 200)
        reply = Reply(status, model.reply(operation, value).encode(),
                      headers=model.headers(operation, value))
        return self._maybe_truncated(name, reply)

    def _instead(self, operation, params, call, fault, reply):
        """An error page, behind which the operation was or was not done."""
        if fault["applied"]:
            try:
                self._operations.call(operation.name, params, call)
            except ApiError:
                pass                    # the log has it; the client sees the page in any case
        elif call.batch:
            self._account.log_refusal(call.batch, ApiError("Fault", f"answered {reply.status}"))
        return reply

    def _apply_later(self, batch, seconds):
        """The batch meets the zone as it will be then."""
        entry = (time.time() + seconds, replace(batch, source="late"))
        self.late.append(entry)

        def apply():
            self._stopping.wait(seconds)
            self.late.remove(entry)
            if not self._stopping.is_set():
                try:
                    self._account.submit(entry[1])
                except ApiError:
                    pass                # nobody waits for the reply; the log has the refusal
        threading.Thread(target=apply, name="late-batch", daemon=True).start()

    def _maybe_truncated(self, name, reply):
        fault = self._faults.take("truncated", name)
        if fault and fault["mode"] == "cut":
            reply.delivery = "cut"
        elif fault:
            reply.body = reply.body[:len(reply.body) // 2]
        return reply

    def _server_error(self, status):
        words = {500: ("InternalFailure", "An internal error occurred"),
                 503: ("ServiceUnavailable", "Service is unavailable")}
        code, message = words.get(status, ("InternalFailure", f"gateway error {status}"))
        return Reply(status, ApiError(code, message, status).to_xml(str(uuid.uuid4())).encode())

    def _lost(self, how):
        return self._server_error(int(how)) if how.isdigit() else Reply(0, delivery=how)

    def _down(self, mode):
        if mode == "503":
            return self._server_error(503)
        return Reply(0, delivery="hang" if mode == "hang" else "reset")
