# SPDX-License-Identifier: Apache-2.0
"""websocket_server.py PORT: a server of WebSockets by Debian's python3-websockets. Prints "ready",
"slow" when a request for /slow has come, and "closed CODE" when a client has gone."""

import asyncio
import http
import sys

import websockets


async def answer(path, _headers):
    if path == "/forbidden":
        return http.HTTPStatus.FORBIDDEN, [], b"not for you\n"
    if path == "/slow":
        print("slow", flush=True)
        await asyncio.sleep(600)
    return None


async def talk(websocket):
    await websocket.wait_closed()
    print(f"closed {websocket.close_code}", flush=True)


async def serve(port):
    async with websockets.serve(talk, "127.0.0.1", port, process_request=answer,
                                subprotocols=["chat"]):
        print("ready", flush=True)
        await asyncio.Future()


asyncio.run(serve(int(sys.argv[1])))
