"""Runs a profile under pytest: one item a scenario, on the same engine as the command line.

`pytest profiles/pfi.yaml --target my-pfi.toml` drives every exercise once, however many items read it; with `-k` or
node ids, only what the chosen items need. Nonconform and inconclusive scenarios fail, what needs a proof or does not
apply is skipped with its reason, a fault of the bench is an error. Ordinary test sessions are left alone: only a
profile named on the command line is collected, and the options exist only then (their names are common ones, which
another project may want for itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.audit.model import RequirementResult, ScenarioResult
    from conformance.catalogue.model import Profile, Requirement
    from conformance.engine.run import RunRequest
    from conformance.errors import BenchError

_HEAD = b"schema: profile/1"
_YAML = (".yaml", ".yml")


def names_profile(argument: str) -> bool:
    """Whether an argument of pytest is a YAML file, or one item of it."""
    return argument.split("::")[0].endswith(_YAML)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> None:
    """The options of a run, in a group of their own, when a YAML file is named."""
    if not any(names_profile(argument) for argument in args):
        return
    group = parser.getgroup("conformance", "conformance: run a profile against a vendor's system")
    group.addoption("--target", metavar="FILE", default=None, help="target TOML of the system under test")
    group.addoption("--wave", metavar="WAVE", default=None, help="va1, va2 or all (default: those of the target)")
    group.addoption("--effort", metavar="EFFORT", default="standard", help="smoke, standard or full")
    group.addoption("--run-seed", metavar="N", type=int, default=0, help="seed of the generated cases")
    group.addoption("--run-out", metavar="DIR", default=None, help="where the journal and the reports go")
    group.addoption("--report-lang", metavar="LANG", default="fr", choices=("fr", "en"), help="fr or en")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """A profile given by name on the command line becomes a collector; any other file is not ours."""
    if not names_profile(file_path.name) or not _named(parent.config, file_path):
        return None
    with file_path.open("rb") as file:
        if not any(line.startswith(_HEAD) for line in file.read(4096).splitlines()):
            return None
    collector: pytest.File = ProfileFile.from_parent(parent, path=file_path)
    return collector


def _named(config: pytest.Config, path: Path) -> bool:
    base = config.invocation_params.dir
    return any((base / argument.split("::")[0]).resolve() == path for argument in config.args)


class ProfileFile(pytest.File):
    """One profile; its run is done when the first of its items is."""

    profile: Profile
    _results: dict[str, tuple[RequirementResult, ScenarioResult]] | None = None
    _fault: BenchError | None = None

    def collect(self) -> Iterator[ScenarioItem]:
        """One item a scenario of the waves asked for; a usage error without a target."""
        from conformance.catalogue.loader import load_profile
        from conformance.errors import BenchError

        if self.config.getoption("--target") is None:
            raise pytest.UsageError(f"{self.path.name}: give the system under test with --target FILE.toml")
        try:
            self.profile = load_profile(self.path)
            self.request = self._request()
        except BenchError as error:
            raise pytest.UsageError(_told(error, self.lang)) from None
        for row in self.profile.requirements(self.request.waves):
            for scenario in row.scenarios:
                item: ScenarioItem = ScenarioItem.from_parent(self, name=scenario.key)
                self._label(item, row)
                yield item

    def _label(self, item: ScenarioItem, row: Requirement) -> None:
        """Allure's labels: the DSR, the family of the row, the row, how grave it is."""
        if not self.config.pluginmanager.hasplugin("allure_pytest"):
            return
        labels = {
            "epic": f"{row.dsr} {row.wave}",
            "feature": row.section,
            "story": f"{row.id} {row.heading(self.lang)}",
            "severity": "critical" if row.mandatory else "minor",
            "tag": row.level.value,
        }
        for kind, value in labels.items():
            item.add_marker(pytest.mark.allure_label(value, label_type=kind))

    @property
    def lang(self) -> Any:
        """`fr` or `en`."""
        return self.config.getoption("--report-lang")

    def result(self, key: str) -> tuple[RequirementResult, ScenarioResult]:
        """The row and scenario of a key, after the run, which is tried once; raises the BenchError that ended it."""
        from conformance.errors import BenchError

        if self._fault is not None:
            raise self._fault
        if self._results is None:
            try:
                self._results = {s.key: (row, s) for row, s in self._run()}
            except BenchError as error:
                self._fault = error
                raise
        return self._results[key]

    def _request(self) -> RunRequest:
        from conformance.bench.clock import today
        from conformance.bench.target import load
        from conformance.cli.ending import new_folder
        from conformance.cli.options import waves_of
        from conformance.engine.run import RunRequest

        target = load(Path(self.config.getoption("--target")))
        wave = self.config.getoption("--wave")
        waves = target.waves if wave is None else waves_of(wave, [w.name for w in self.profile.waves])
        out = self.config.getoption("--run-out")
        folder = new_folder(Path(out) if out else None, f"pytest-{self.profile.dsr.lower()}")
        effort, seed = self.config.getoption("--effort"), self.config.getoption("--run-seed")
        return RunRequest(self.profile, tuple(waves), target, folder, today(), effort, seed)

    def _run(self) -> Iterator[tuple[RequirementResult, ScenarioResult]]:
        from conformance.audit.write import rebuild
        from conformance.bench.pki import Pki
        from conformance.cli.run import PKI
        from conformance.cli.speech import t
        from conformance.engine.run import run
        from conformance.services.facing import facing

        self.request = replace(self.request, only=self._selected())
        target, pki = self.request.target, Pki.load_or_create(PKI)
        run(self.request, facing(target, pki, t, folder=self.request.folder))
        audit, _ = rebuild(self.request.folder, self.lang, self.profile)
        for row in audit.requirements:
            for scenario in row.scenarios:
                yield row, scenario

    def _selected(self) -> frozenset[str]:
        """The rows whose items were kept (`-k`, a node id...), none named when all were: only these are driven."""
        whole = {row.key for row in self.profile.requirements(self.request.waves)}
        kept = {i.name.rpartition("#")[0] for i in self.session.items if i.parent is self}
        return frozenset() if kept == whole else frozenset(kept)


class NotConform(Exception):
    """A scenario is nonconform or inconclusive: its message is the account of the findings."""


class BenchFault(Exception):
    """The bench itself failed on this scenario: never counted against the vendor."""


class ScenarioItem(pytest.Item):
    """One scenario of a requirement."""

    parent: ProfileFile

    def setup(self) -> None:
        """Do the run if it is not done; a fault of the bench is an error here, not a failure."""
        from conformance.audit.junit import account
        from conformance.errors import BenchError
        from conformance.evidence.verdict import Verdict

        try:
            row, scenario = self.parent.result(self.name)
        except BenchError as error:
            raise BenchFault(_told(error, self.parent.lang)) from None
        self.user_properties += [("requirement", row.key), ("verdict", str(scenario.verdict))]
        if scenario.verdict is Verdict.TOOL_ERROR:
            raise BenchFault(account(scenario, self.parent.lang))

    def runtest(self) -> None:
        """Fail, skip or pass as the verdict says."""
        from conformance.audit.junit import account, excuse
        from conformance.evidence.verdict import Verdict

        row, scenario = self.parent.result(self.name)
        if scenario.verdict in (Verdict.TO_ATTEST, Verdict.NOT_APPLICABLE) or row.spared(scenario):
            pytest.skip(excuse(row, scenario, self.parent.lang))
        if scenario.verdict is not Verdict.CONFORM:
            raise NotConform(f"{scenario.verdict}\n{account(scenario, self.parent.lang)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The account alone: a traceback of ours would tell a vendor nothing."""
        if isinstance(excinfo.value, (NotConform, BenchFault)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the scenario stands: its profile and its key."""
        return self.path, 0, self.name


def _told(error: Any, lang: Any) -> str:
    from conformance.texts import render_error

    return str(render_error(error, lang))
