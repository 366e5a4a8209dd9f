# SPDX-License-Identifier: Apache-2.0
"""Agents as HAProxy asks them, and a HAProxy that asks: one server of it for each agent. Neither
knows of regionshift."""

import csv
import os
import socket
import threading
import time

from programs import Program, find_tool, free_port

SETTINGS = """global
  stats socket {folder}/haproxy.sock level admin
defaults
  mode tcp
  timeout connect 10s
  timeout server 10s
  timeout client 10s
listen all
  bind 127.0.0.1:{port}
"""
SERVER = ("  server {name} 127.0.0.1:{listener} weight 100 check inter 1s agent-check "
          "agent-port {agent} agent-inter 500ms\n")


class Agent:
    """Says the same line to whoever connects; None: says nothing, and waits."""

    def __init__(self, line):
        self.line = line
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            try:
                connection.settimeout(30)
                if self.line is not None:
                    connection.sendall(self.line)
                while connection.recv(100):         # HAProxy says nothing, and closes
                    pass
            except OSError:
                pass

    def stop(self):
        self.socket.close()


class Haproxy:
    """Asks agents: {name: Agent}."""

    def __init__(self, folder, agents):
        self.folder = folder
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)     # of all servers
        conf = folder / "haproxy.cfg"
        conf.write_text(SETTINGS.format(folder=folder, port=free_port("127.0.0.1")) + "".join(
            SERVER.format(name=name, listener=self.listener.getsockname()[1], agent=agent.port)
            for name, agent in agents.items()))
        threading.Thread(target=self._accept, daemon=True).start()
        self.program = Program("haproxy", [find_tool("haproxy"), "-db", "-f", str(conf)],
                               env=dict(os.environ))

    def _accept(self):
        while True:
            try:
                self.listener.accept()[0].close()
            except OSError:
                return

    def _rows(self):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(30)
            control.connect(str(self.folder / "haproxy.sock"))
            control.sendall(b"show stat\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode(errors="replace")
        return {row["svname"]: row for row in csv.DictReader(text.lstrip("# ").splitlines())}

    def _state(self, name):
        """UP, DOWN, DRAIN or MAINT; None: it has not asked that agent yet. A server without weight
        is one that drains: so its page has it, though not its table."""
        try:
            row = self._rows()[name]
        except (OSError, KeyError):                 # it has only begun
            return None
        if row["agent_status"].strip("* ") in ("", "UNK", "INI"):
            return None
        state = row["status"].split()[0]
        return "DRAIN" if (state, row["weight"]) == ("UP", "0") else state

    def see(self, name, state, deadline=60):
        """Waits until it says so of a server."""
        until = time.monotonic() + deadline
        while self._state(name) != state:
            assert time.monotonic() < until, f"{name}: {self._state(name)}, wanted {state}"
            time.sleep(0.1)

    def stop(self):
        self.listener.close()
        self.program.stop()
