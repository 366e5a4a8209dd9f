# SPDX-License-Identifier: Apache-2.0
"""grpc_server.py HEALTHY BARE [TLS CERTIFICATE KEY]: servers by Debian's python3-grpcio on these
ports: one with the health service, one without any, the first over TLS as well. What is asked and
answered is read and written by Google's protobuf. Prints "ready", and "slow" when shop.Slow has
been asked for."""

import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STATES = {"": 1, "shop.Cart": 1, "shop.Sick": 2, "shop.Unsure": 0, "shop.Gone": 3}
over = threading.Event()


def messages():
    """(HealthCheckRequest, HealthCheckResponse) of grpc/health/v1/health.proto."""
    file = descriptor_pb2.FileDescriptorProto(name="health.proto", package="grpc.health.v1",
                                              syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    for name, key, kind in (("HealthCheckRequest", "service", field.TYPE_STRING),
                            ("HealthCheckResponse", "status", field.TYPE_INT32)):
        file.message_type.add(name=name).field.add(name=key, number=1, type=kind,
                                                   label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName("grpc.health.v1." + name))
            for name in ("HealthCheckRequest", "HealthCheckResponse")]


Request, Response = messages()


def check(request, context):
    if request.service == "shop.Slow":
        print("slow", flush=True)
        over.wait(600)
    if request.service == "shop.Failing":
        context.abort(grpc.StatusCode.UNAVAILABLE, "all backends: \x1b[31mdown, 100 %")
    if request.service == "shop.Odd":
        return b"\x08"
    if request.service not in STATES:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
    return Response(status=STATES[request.service]).SerializeToString()


class Health(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(check, request_deserializer=Request.FromString)


def main(healthy, bare, tls=None, certificate=None, key=None):
    with_health = grpc.server(futures.ThreadPoolExecutor(32), handlers=[Health()])
    without = grpc.server(futures.ThreadPoolExecutor(4))
    assert with_health.add_insecure_port(f"127.0.0.1:{healthy}") == int(healthy)
    assert without.add_insecure_port(f"127.0.0.1:{bare}") == int(bare)
    if tls is not None:
        pair = Path(key).read_bytes(), Path(certificate).read_bytes()
        credentials = grpc.ssl_server_credentials([pair])
        assert with_health.add_secure_port(f"127.0.0.1:{tls}", credentials) == int(tls)
    with_health.start()
    without.start()
    print("ready", flush=True)
    with_health.wait_for_termination()


main(*sys.argv[1:])
