# SPDX-License-Identifier: Apache-2.0
"""What Route 53 says when it refuses, in the three shapes seen from it.

    error       <ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>
    old         <InvalidChangeBatch><Messages><Message/>...</Messages><RequestId/>...
    root        <AccessDeniedException><Message/></AccessDeniedException>
"""

from xml.sax.saxutils import escape

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
DECLARATION = '<?xml version="1.0"?>\n'


class ApiError(Exception):
    """A refusal. `messages` keeps the single complaints of an InvalidChangeBatch apart."""

    def __init__(self, code, message, status=400, messages=None, shape="error"):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.messages = [message] if messages is None else messages
        self.shape = shape

    def to_xml(self, request_id, old_shape=False, namespace=NAMESPACE):
        if old_shape and self.code == "InvalidChangeBatch":
            return self._old_xml(request_id)
        if self.shape == "root":
            name = self.code if self.code.endswith("Exception") else self.code + "Exception"
            return f"{DECLARATION}<{name}><Message>{escape(self.message)}</Message></{name}>"
        kind = "Sender" if self.status < 500 else "Receiver"
        return (f'{DECLARATION}<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type>'
                f"<Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")

    def _old_xml(self, request_id):
        messages = "".join(f"<Message>{escape(text)}</Message>" for text in self.messages)
        return (f'{DECLARATION}<InvalidChangeBatch xmlns="{NAMESPACE}"><Messages>{messages}'
                f"</Messages><RequestId>{request_id}</RequestId></InvalidChangeBatch>")


def invalid_change_batch(messages):
    """All complaints about a batch, accumulated in one bracketed list as Route 53 does."""
    return ApiError("InvalidChangeBatch", "[" + ", ".join(messages) + "]", messages=list(messages))


def invalid_input(message):
    return ApiError("InvalidInput", message)


def malformed_input(message):
    return ApiError("MalformedInput", message)


def no_such_hosted_zone(zone_id):
    return ApiError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", status=404)


def no_such_change(change_id):
    return ApiError("NoSuchChange", f"Could not find resource with ID: {change_id}", status=404)
