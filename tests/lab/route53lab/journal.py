# SPDX-License-Identifier: Apache-2.0
"""The log: one JSON line for each batch that was accepted or refused. README.md has the format."""

import datetime
import json
import threading
import time


def time_text(seconds):
    """Wall time as 2024-01-31T12:00:00.123Z"""
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


class Journal:
    """Keeps the entries in memory and, if there is a path, appends each to the file at once."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8") if path else None
        self._entries = []
        self._arrived = threading.Condition()

    def write(self, **entry):
        now = time.time()
        with self._arrived:
            entry = dict(seq=len(self._entries) + 1, time=time_text(now),
                         time_ms=int(now * 1000), **entry)
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry) + "\n")
                self._file.flush()
            self._arrived.notify_all()
        return entry

    def since(self, seq, wait_s=0.0):
        """Entries after number `seq`; waits at most `wait_s` for the first of them."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._entries) > seq, timeout=wait_s)
            return self._entries[seq:]

    def close(self):
        with self._arrived:
            if self._file:
                self._file.close()
                self._file = None
