"""The stages from a raw tree to a page of pictures, one behind the other, for one data set.

Each is the function that its own command calls, with the same parameters, so what lies in OUT is
what the commands write one by one. What is done is not done again (`core/stage_notes.py`).
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands.params import Params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder, stamp, write_json
from gazescribe.pipeline.core.foreign_tables import open_parquet
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.stage_notes import StageNotes, Summary, stamps
from gazescribe.pipeline.core.tables import has_table, read_table, table_path
from gazescribe.pipeline.images.paths import find_radiograph, radiographs_root
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.report.layout import RUN_FILE, open_run
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.walking import entries_below

NOTES = ".maps.json"
RULES_OF_PAGES = ("labels.yaml", "columns.yaml")


@dataclass(frozen=True)
class Chain:
    """One data set on its way from its raw tree to pictures in a folder."""

    manifest: Manifest
    root: Path  # of the tree
    out: Path
    params: Params
    start: Path  # the folder that was given: the root, or one above it
    images: Path | None  # folder of the radiographs, where it was given
    mimic_metadata: Path | None
    rules: Path | None  # folder, where it was given
    reviews: tuple[Path, ...]  # files and folders of readers' reviews
    parallel: Mapping[str, Any]  # arguments of `map_tasks`
    summaries: dict[str, Summary] = field(default_factory=dict)  # by stage

    def run(self) -> None:
        """Do all stages in order, but for those that are done."""
        self._verify()
        self._ingest()
        if self.is_without_fixations:
            self._fixations()
        if self.has_dictation:
            self._label()
        self._associate()
        for kind in self.kinds:
            self._heatmaps(kind)
        if self.rules:
            self._keep_rules(self.rules)
        self._report()
        StageNotes(self.out / NOTES).forget_others(self.summaries)

    @property
    def tables(self) -> Path:
        """The folder of tables that the maps are drawn from."""
        return self._place("with-fixations" if self.is_without_fixations else "tables")

    @cached_property
    def is_without_fixations(self) -> bool:
        """Whether there are samples and no fixations."""
        tables = self._place("tables")
        if not has_table(tables, "samples"):
            return False
        return not open_parquet(table_path(tables, "fixations")).metadata.num_rows

    @cached_property
    def has_dictation(self) -> bool:
        """Whether any reading has text."""
        texts = read_table(self._place("tables"), "readings", ["text"])["text"].to_pylist()
        return any(text and text.strip() for text in texts)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of maps that can be drawn."""
        return ("label", "saliency") if self.has_dictation else ("saliency",)

    @cached_property
    def radiographs(self) -> Path | None:
        """The folder in which the paths of radiographs begin; None where none is found.

        A GazeError if there is none in the folder that was given for them.
        """
        if self.images is not None:
            return radiographs_root(self.images, self._image_paths)
        try:
            return radiographs_root(self.start, self._image_paths)
        except GazeError:
            return None

    @cached_property
    def _image_paths(self) -> list[str]:
        column = read_table(self.tables, "readings", ["image_path"])["image_path"]
        paths: list[str] = column.drop_null().to_pylist()
        return paths

    @cached_property
    def _rules(self) -> dict[str, Any]:
        return {"rules": stamps(self.rules or resource("rules"))}

    @cached_property
    def _reviews(self) -> dict[str, Any]:
        # Without reviews nothing is said of them: what an earlier version did is done.
        return {"reviews": [stamps(path) for path in self.reviews]} if self.reviews else {}

    def _place(self, stage: str, ending: str = "") -> Path:
        return self.out / stage / f"{self.manifest.name}{ending}"

    def _do(
        self, name: str, out: Path, inputs: Mapping[str, Any], stage: Callable[[], Summary]
    ) -> None:
        """Run one stage, unless it is done, and say so."""
        notes = StageNotes(self.out / NOTES)
        inputs = {**inputs, "version": version("gazescribe")}
        note = " (done before)" if notes.is_done(name, out, inputs) else ""
        click.secho(f"{name}{note}", err=True, dim=True)
        self.summaries[name] = notes.run(name, out, inputs, stage)

    @cached_property
    def _tree(self) -> dict[str, Any]:
        """All that decides what is read from the tree."""
        matchers = [self.manifest.matcher(file) for file in self.manifest.files if file.ingested]
        paths = [
            path
            for path, kind, _ in entries_below(self.root)
            if kind == "file" and any(matcher.fullmatch(path) for matcher in matchers)
        ]
        settings = self.params.ingest
        lists = (settings.val_subjects, settings.tuning_readings, self.mimic_metadata)
        return {
            "files": {path: stamp(self.root / path) for path in paths},
            "lists": [path and [str(path), stamps(path)] for path in lists],
            "manifest": self.manifest.model_dump(mode="json"),
            "params": settings.model_dump(mode="json"),
            "punctuation": stamp(resource("rules") / "punctuation.yaml"),
            "root": str(self.root),
        }

    def _verify(self) -> None:
        from gazescribe.pipeline.ingest.verify import verify_tree

        def stage() -> Summary:
            options = IngestOptions(mimic_metadata=self.mimic_metadata, **self.parallel)
            settings = self.params.ingest
            report = verify_tree(self.root, self.manifest, settings, options).report
            write_json(report, out)
            return report

        out = self.out / "verify.json"
        self._do("verify", out, self._tree, stage)

    def _ingest(self) -> None:
        from gazescribe.pipeline.ingest.run import ingest_tree

        settings = self.params.ingest
        options = IngestOptions(
            val_subjects=settings.val_subjects,
            tuning_readings=settings.tuning_readings,
            mimic_metadata=self.mimic_metadata,
            **self.parallel,
        )
        out = self._place("tables")
        stage = partial(ingest_tree, self.root, out, self.manifest, settings, options)
        self._do("ingest", out, self._tree, stage)

    def _fixations(self) -> None:
        from gazescribe.pipeline.gaze.fixations import find_fixations

        tables, settings = self._place("tables"), self.params.fixations
        inputs = {"tables": stamps(tables), "params": settings.model_dump()}
        stage = partial(find_fixations, tables, self.tables, settings, **self.parallel)
        self._do("fixations", self.tables, inputs, stage)

    def _label(self) -> None:
        from gazescribe.pipeline.dictation.run import label_file

        out, settings = self._place("mentions", ".parquet"), self.params.label
        inputs = {"tables": stamps(self.tables), "params": settings.model_dump(), **self._rules}
        inputs |= self._reviews
        how = {"rules": self.rules, "reviews": self.reviews, **self.parallel}
        stage = partial(label_file, self.tables, out, settings, **how)
        self._do("label", out, inputs, stage)

    def _associate(self) -> None:
        from gazescribe.pipeline.windows import associate

        mentions = self._place("mentions", ".parquet") if self.has_dictation else None
        out, settings = self._place("associated"), self.params.associate
        inputs = {
            "tables": stamps(self.tables),
            "mentions": stamp(mentions),
            "params": settings.recorded(),
            **self._rules,
            **self._reviews,
        }
        how = {"rules": self.rules, "reviews": self.reviews, **self.parallel}
        if settings.method == "learned":
            how["learned"] = self.params.learned
            inputs["learned"] = self.params.learned.model_dump()
        stage = partial(associate.run, self.tables, mentions, out, settings, **how)
        self._do("associate", out, inputs, stage)

    def _heatmaps(self, kind: str) -> None:
        from gazescribe.pipeline.maps import heatmaps

        associated, out = self._place("associated"), self._place("heatmaps", f"-{kind}")
        params = self.params.heatmaps
        inputs = {
            "tables": stamps(self.tables),
            "associated": stamps(associated),
            "params": params.model_dump(),
        }
        places = (self.tables, associated, out)
        stage = partial(heatmaps.run, *places, kind, params, **self.parallel)
        self._do(f"heatmaps of {kind}", out, inputs, stage)

    def _keep_rules(self, rules: Path) -> None:
        """Put what names the labels beside the maps: pages and `gazescribe.open` need it there."""

        def stage() -> Summary:
            with replacing_folder(out, "rules") as staging:
                for path in paths:
                    shutil.copyfile(path, staging / path.name)
            return {"files": [path.name for path in paths]}

        out = self.out / "own-rules"
        paths = [rules / name for name in RULES_OF_PAGES if (rules / name).is_file()]
        inputs = {path.name: stamp(path) for path in paths}
        self._do("rules", out, inputs, stage)

    def _report(self) -> None:
        from gazescribe.pipeline.report.reading import ENCLOSED
        from gazescribe.pipeline.report.run import run

        write_json(self._run_file(), self.out / RUN_FILE)
        layout, root, params = open_run(self.out), self.radiographs, self.params.heatmaps
        files = [find_radiograph(root, path) for path in self._image_paths] if root else []
        inputs = {
            "run": layout.model_dump(),
            "stages": self.summaries,
            "tables": stamps(self.tables),
            "associated": stamps(self._place("associated")),
            "images": {str(path): stamp(path) for path in files if path},
            "params": params.model_dump(),
            **self._rules,
        }
        out = self.out / "report"
        enclosed = ENCLOSED if root else replace(ENCLOSED, picture_px=None)
        draw = partial(run, images=root, enclosed=enclosed, **self.parallel)
        stage = partial(draw, self.out, out, layout, params)
        self._do("report", out, inputs, stage)

    def _run_file(self) -> dict[str, Any]:
        """Name the parts for `report` and `gazescribe.open`."""
        parts = {"tables": self.tables, "associated": self._place("associated")}
        if self.has_dictation:
            parts["mentions"] = self._place("mentions", ".parquet")
        paths = {part: path.relative_to(self.out).as_posix() for part, path in parts.items()}
        return {
            "schema_version": 1,
            "title": self.manifest.long_name,
            "datasets": {self.manifest.name: paths},
            "metrics": [path.relative_to(self.out).as_posix() for path in self._metrics()],
            **({"rules": "own-rules"} if self.rules else {}),
        }

    def _metrics(self) -> Iterator[Path]:
        """Name the counts of the stages, in order."""
        yield self._place("tables") / "ingest.json"
        if self.is_without_fixations:
            yield self.tables / "fixations.json"
        yield self._place("associated") / "associate.json"
        for kind in self.kinds:
            yield self._place("heatmaps", f"-{kind}") / "heatmaps.json"
