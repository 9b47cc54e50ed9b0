"""A failure as an exception: the layers below the runner raise it to say why a check cannot pass."""

from __future__ import annotations

from shared.wire.failures import FailureKind, FailureSource


class CheckError(Exception):
    """A failure whose kind and source are known where it is raised; the phase timer knows the phase.

    `detail` is text for people. It may quote the server, so the runner removes secrets from it.
    """

    def __init__(self, kind: FailureKind, detail: str = "", *, source: FailureSource = FailureSource.TARGET) -> None:
        super().__init__(kind, detail, source)
        self.kind = kind
        self.detail = detail
        self.source = source
