"""The doctor: what would keep this deployment from serving well, and what to do about it.

`python -m serving doctor` takes the flags and variables of the service itself.
"""

import errno
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from rasid.artifact import MODEL, read_artifact
from rasid.classifier import Classifier
from rasid.errors import ArtifactError, ArtifactMissing, GoldenMismatch, RasidError, ThresholdError
from rasid.runtime import cpu_quota
from serving.settings import Settings


class Finding(NamedTuple):
    """What one check found; `fix` says what to do, None where all is well."""

    check: str
    found: str
    fix: str | None = None


def examine(settings: Settings, *, quota: Callable[[], int] = cpu_quota) -> Iterator[Finding]:
    """Check artifact, golden article, threads and port, in this order."""
    artifact = _artifact(settings.model)
    yield artifact
    if artifact.fix is None:
        yield _golden(settings)
    yield _threads(settings, quota())
    yield _port(settings.host, settings.port)


def report(finding: Finding) -> str:
    """The lines to print for `finding`."""
    verdict = "ok " if finding.fix is None else "fix"
    line = f"{verdict}  {finding.check:9}{finding.found}"
    return line if finding.fix is None else f"{line}\n     → {finding.fix}"


def _artifact(folder: Path) -> Finding:
    try:
        artifact = read_artifact(folder)
    except ArtifactMissing as error:
        fix = "give the folder of an artifact with --model, or train one with `make train`"
        return Finding("artifact", str(error), fix)
    except (ArtifactError, OSError) as error:
        fix = "copy or publish this version again: its files are not those it was made with"
        return Finding("artifact", str(error), fix)
    manifest = artifact.manifest
    size = artifact.model.stat().st_size / 2**20
    return Finding(
        "artifact",
        f"{artifact.folder}: {manifest.name} {manifest.version}, {manifest.precision}, "
        f"{MODEL} of {size:.0f} MiB, whole",
    )


def _golden(settings: Settings) -> Finding:
    try:
        classifier = Classifier.load(settings.model, threads=settings.threads)
        classifier.warm_up()
        classifier.with_thresholds(settings.thresholds, by="deployment")
    except GoldenMismatch as error:
        fix = (
            "do not serve this model here: train and publish it again with the versions of "
            "onnxruntime and tokenizers installed here, or install those it was made with"
        )
        return Finding("golden", str(error), fix)
    except ThresholdError as error:
        return Finding("golden", str(error), "take it out of RASID_THRESHOLDS or --thresholds")
    except RasidError as error:
        fix = "see that onnxruntime is installed whole, or publish the model again"
        return Finding("golden", str(error), fix)
    except MemoryError:
        fix = "give the process more memory: about three times the size of the model"
        return Finding("golden", "the memory does not suffice for the model", fix)
    if classifier.manifest.golden is None:
        return Finding("golden", "inference works; the manifest has no scores to compare")
    return Finding("golden", "the golden article has the scores it had when the model was made")


def _threads(settings: Settings, quota: int) -> Finding:
    wanted = settings.threads * settings.workers
    if wanted > quota:
        fix = f"give --threads {max(1, quota // settings.workers)}"
        if settings.workers > quota:
            fix = f"give --workers 1 --threads {quota}"
        return Finding(
            "threads",
            f"{settings.workers} × {settings.threads}, and this process may use {quota} cores",
            f"{fix}: more threads than cores wait for each other",
        )
    return Finding("threads", f"{wanted} on the {quota} cores that this process may use")


def _port(host: str, port: int) -> Finding:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as listener:
            # As the server does; without it, connections that have just ended count as well.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
    except OSError as error:
        fix = _PORT_FIXES.get(error.errno or 0, "give an address of this machine with --host")
        return Finding("port", f"{host}:{port}: {error.strerror or error}", fix)
    return Finding("port", f"{host}:{port} is free")


_PORT_FIXES = {
    errno.EADDRINUSE: "stop what listens there, or give another port with --port",
    errno.EACCES: "give a port above 1023 with --port: others need privileges",
}
