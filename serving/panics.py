"""Panics: what goes wrong in Rust code (tokenizers) and is no `Exception` in Python."""

from collections.abc import Iterator
from contextlib import contextmanager

from rasid.errors import EngineError


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Raise `EngineError` for a panic, which would pass every handler of errors.

    For threads other than the main one, where nothing else comes that is no `Exception`.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as panic:
        raise EngineError(f"{type(panic).__name__} in a library") from panic
