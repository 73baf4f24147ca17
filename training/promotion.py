"""Versions side by side: which one is served, how another takes its place, and the way back."""

from collections.abc import Callable
from pathlib import Path

from rasid.artifact import CURRENT, point_current, read_artifact, write_artifact
from rasid.errors import RasidError, SettingError
from rasid.manifest import Manifest, Promotion

REPORTS = "reports"
"""The folder of reports, beside the versions."""

_BUNDLED = "bundled"
_FORCE = "serve it all the same: --resume --force, as another --version"


class PromotionRefused(RasidError):
    """The candidate is kept, but not served; the message has every reason."""


def served_in(models: Path) -> Path | None:
    """The folder that `make serve` would take from `models`; none where nothing is served yet.

    A link that points nowhere is returned as well: it is an error to be seen.
    """
    current, bundled = models / CURRENT, models / _BUNDLED
    if current.exists() or current.is_symlink():
        return current
    return bundled if bundled.is_dir() else None


def name_of_served(models: Path) -> str | None:
    """Name of the served version, where it lies in `models` itself."""
    served = served_in(models)
    folder = served.resolve() if served else None
    return folder.name if folder and folder.parent == models.resolve() else None


def not_judged(models: Path) -> Promotion:
    """What the manifest says of a version that is served without a trial."""
    return Promotion(
        judged=False,
        against=None,
        replaces=name_of_served(models),
        forced=True,
        refusals=(),
        unjudged=(),
    )


def publish_version(
    models: Path,
    manifest: Manifest,
    model: Path,
    tokenizer_json: str,
    *,
    check: Callable[[Path], None],
    report: Callable[[Path], object],
) -> Path:
    """Write a version, check and report on it, and serve it unless its gate was shut.

    `current` moves last and in one step: whatever is raised by `check` or `report`, and whenever
    the process is killed, what is served stays whole. Returns the version's folder.
    """
    version = write_artifact(models, manifest, model, tokenizer_json)
    check(version)
    report(version)
    if may_be_served(manifest):
        point_current(version)
    return version


def may_be_served(manifest: Manifest) -> bool:
    """Whether the gate let this version pass, or was overridden."""
    promotion = manifest.promotion
    return promotion is None or promotion.forced or not promotion.refusals


def outcome(manifest: Manifest, version: Path) -> str:
    """What became of a version, in words; raises `PromotionRefused` where its gate was shut."""
    promotion = manifest.promotion
    assert promotion is not None
    reasons = [f"  {refusal}" for refusal in promotion.refusals]
    page = version.parent / REPORTS / f"{version.name}.html"
    report = [f"report: {page}"] if page.exists() else []
    if not may_be_served(manifest):
        served = promotion.replaces or "nothing"
        lines = [f"{version}: is kept but not served; {served} still is:", *reasons]
        lines += [*report, _FORCE]
        raise PromotionRefused("\n".join(lines))
    against = ["served by --force against the gate:", *reasons] if reasons else []
    end = [f"published {version}", f"serve it with: make serve MODEL={version}"]
    return "\n".join([*against, *report, *end])


def roll_back(models: Path, version: str | None = None) -> Path:
    """Serve `version` again, by default what the current version took the place of.

    Raises `SettingError` where there is no such version or its gate was shut, `ArtifactError`
    where it is damaged: then nothing changes. Returns its folder.
    """
    current = models / CURRENT
    if version is None:
        if not current.is_symlink():
            raise SettingError(f"{models}: has no link {CURRENT}, there is nothing to go back from")
        promotion = read_artifact(current).manifest.promotion
        version = promotion.replaces if promotion else None
        if version is None:
            raise SettingError(
                f"{current.resolve()}: does not say which version it took the place of; name one"
            )
    folder = models / version
    if version == CURRENT or folder.parent != models:
        raise SettingError(f"{version!r} is no name of a version")
    if not may_be_served(read_artifact(folder).manifest):
        raise SettingError(f"{folder}: was refused when it was trained; {_FORCE}")
    point_current(folder)
    return folder
