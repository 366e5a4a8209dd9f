# SPDX-License-Identifier: Apache-2.0
"""Certificates for the laboratory's store: one authority, members, clients; made with openssl."""

import subprocess
from pathlib import Path

GOOD = ("-days", "2")
EXPIRED = ("-days", "-1")     # ended yesterday
_EXTENSIONS = """basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = {names}
"""


def openssl(*arguments, lines=None):
    subprocess.run(["openssl", *[str(argument) for argument in arguments]], input=lines, text=True,
                   check=True, capture_output=True, timeout=60)


class Authority:
    """An authority in a folder: ca.pem, and NAME.pem with NAME.key for whom it has signed. etcd's
    gateway takes no client whose certificate has a common name, so none has."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                *GOOD, "-subj", "/O=laboratory", "-keyout", self.folder / "ca.key", "-out",
                self.certificate)

    def issue(self, name, alternatives, expired=False):
        """(certificate, key), signed for "IP:10.77.1.1,DNS:..."; the key stays the same."""
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        if not key.exists():
            openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/O=laboratory", "-keyout", key, "-out", request)
        extensions.write_text(_EXTENSIONS.format(names=alternatives))
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey",
                self.folder / "ca.key", "-CAcreateserial", "-extfile", extensions,
                *(EXPIRED if expired else GOOD), "-out", certificate)
        return certificate, key
