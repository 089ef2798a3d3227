"""A certificate authority of the tests' own, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from conftest import program

NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")


@dataclass(frozen=True)
class Authority:
    """An authority whose files lie in a folder."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def make(self) -> Authority:
        self._openssl("req", "-x509", *NEW, "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
        return self

    def issue(self, name: str, days: int = 30) -> Path:
        """A PEM file with a certificate for 127.0.0.1 and its key; with -1 day it ended yesterday."""
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1")
        self._openssl("req", *NEW, f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days))
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", *signed, "-extfile", "names", "-out", f"{name}.crt"
        )
        both = self.folder / f"{name}.pem"
        both.write_text("".join((self.folder / f"{name}.{end}").read_text() for end in ("crt", "key")))
        return both

    def _openssl(self, *arguments: str) -> None:
        command = [program("openssl", "openssl"), *arguments]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
