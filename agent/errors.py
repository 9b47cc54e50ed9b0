"""The failure vocabulary as an exception: how the layers below the runner say why a check cannot pass."""

from __future__ import annotations

from shared.wire.failures import FailureKind, FailureSource


class CheckError(Exception):
    """A failure whose kind and source are known where it was found; the phase timer knows the phase.

    `detail` is text for people. It may quote the server, so it is scrubbed before it leaves the runner.
    """

    def __init__(self, kind: FailureKind, detail: str = "", *, source: FailureSource = FailureSource.TARGET) -> None:
        super().__init__(kind, detail, source)
        self.kind = kind
        self.detail = detail
        self.source = source
