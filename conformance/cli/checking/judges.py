"""The judges of a check put together in the process where they judge: ours, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.cli.checking.reading import Request
from conformance.evidence.values import Finding
from conformance.standards.check.settings import Arbiter, Judging, PdfArbiter


def judging(request: Request) -> Judging:
    """How documents are judged on behalf of a request; raises SetupError when a judge asked for cannot be had."""
    return Judging(
        environment=request.environment,
        as_of=request.as_of,
        excerpts=request.excerpts,
        arbiters=_official(request.official),
        verapdf=_verapdf(request.verapdf),
    )


def _verapdf(asked: bool | None) -> PdfArbiter | None:
    """veraPDF: when asked for, it must be there; when nothing is said, it judges where it is."""
    if asked is False:
        return None
    from conformance.arbiters.verapdf.jvm import available

    missing = available()
    if missing is not None:
        if asked:
            raise missing
        return None
    return _VeraPdf()


class _VeraPdf:
    """One veraPDF a process, started by the first PDF that it is given."""

    def __init__(self) -> None:
        self._running: object = None

    def __call__(self, pdf: bytes, required: bool) -> tuple[Finding, ...]:
        """Its findings on one PDF."""
        from conformance.arbiters.verapdf import judging as verapdf
        from conformance.arbiters.verapdf.jvm import VeraPdf

        if not isinstance(self._running, VeraPdf):
            self._running = VeraPdf()
        return tuple(verapdf.judge(pdf, self._running, required=required))


def _official(path: str | None) -> Mapping[str, Arbiter]:
    """The official package, when a path is given."""
    if path is None:
        return {}
    from conformance.errors import SetupError

    raise SetupError("check.no-official", path=path)
