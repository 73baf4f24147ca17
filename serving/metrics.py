"""Metrics for Prometheus, in a registry of their own."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

from rasid.classification import Classification

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of one app; `ready` and `tokens` are asked whenever the metrics are read."""

    def __init__(self, ready: Callable[[], bool], tokens: Callable[[], int]) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "rasid_http_requests",
            "Requests answered, by route and status.",
            ("route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "rasid_http_request_duration_seconds",
            "Time from the request's headers to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "rasid_http_requests_in_flight", "Requests being answered now.", registry=registry
        )
        self._batch_articles = Counter(
            "rasid_batch_articles",
            "Articles of batches and streams, by the status each got; the request has status 200.",
            ("status",),
            registry=registry,
        )
        self._windows = Counter("rasid_windows", "Windows classified.", registry=registry)
        self._tokens = Counter("rasid_tokens", "Tokens in those windows.", registry=registry)
        self._labels = Counter(
            "rasid_labels_assigned", "Labels assigned to articles.", ("label",), registry=registry
        )
        Gauge("rasid_ready", "1 when /readyz says yes.", registry=registry).set_function(
            lambda: float(ready())
        )
        Gauge(
            "rasid_tokens_in_flight",
            "Tokens still to be run for the requests that were let in.",
            registry=registry,
        ).set_function(tokens)
        self._swaps = Counter(
            "rasid_swaps",
            "Models picked up while the service ran, by what became of them.",
            ("outcome",),
            registry=registry,
        )

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_classification(self, classification: Classification) -> None:
        """Count one classified article: its windows, tokens and assigned labels."""
        self._windows.inc(classification.coverage.windows)
        self._tokens.inc(classification.coverage.tokens)
        for label in classification.labels:
            self._labels.labels(label).inc()

    def count_batch_article(self, status: int) -> None:
        """Count one article of a batch."""
        self._batch_articles.labels(str(status)).inc()

    def count_swap(self, outcome: str) -> None:
        """Count one model that was picked up while the service ran."""
        self._swaps.labels(outcome).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics and their media type, in the format that `accept` asks for."""
        try:
            encode, media_type = choose_encoder(accept)
        except TypeError:
            # The library compares versions that are no numbers with some that are.
            encode, media_type = choose_encoder("")
        return encode(self.registry), media_type
