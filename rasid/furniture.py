"""Site furniture."""

from rasid.classification import Span


def find_furniture(text: str) -> tuple[Span, ...]:
    """Spans of furniture."""
    return ()
