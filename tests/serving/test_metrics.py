import pytest
from fake_service import FAILS
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient


def read_metrics(client: TestClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    client.post("/classify", json={"text": "حريق"})
    client.post("/classify", json={"text": " "})
    client.post("/classify", json={"text": FAILS})
    client.get("/classify")
    client.get("/no/such/path")
    client.get("/docs/assets/swagger-ui.css")
    metrics = read_metrics(client)
    total = "rasid_http_requests_total"
    for status in ("200", "422", "500", "405"):
        assert metrics[key(total, route="/classify", status=status)] == 1
    assert metrics[key(total, route="unmatched", status="404")] == 1
    assert metrics[key(total, route="/docs/assets/{name}", status="200")] == 1
    assert metrics[key("rasid_http_request_duration_seconds_count", route="/classify")] == 4
    # The request for the metrics themselves is the one in flight.
    assert metrics[key("rasid_http_requests_in_flight")] == 1
    assert metrics[key("rasid_ready")] == 1
    assert metrics[key("rasid_tokens_in_flight")] == 0


def test_windows_tokens_and_labels_are_counted(client: TestClient) -> None:
    client.post("/classify", json={"text": "حريق"})
    articles = [{"text": "حريق في طريق سير"}, {"text": "سير"}, {"text": ""}, {"text": FAILS}]
    client.post("/classify/batch", json={"articles": articles})
    metrics = read_metrics(client)
    assert metrics[key("rasid_windows_total")] == 3 * 2
    assert metrics[key("rasid_tokens_total")] == 3 * 11
    assert metrics[key("rasid_labels_assigned_total", label="fire")] == 2
    assert metrics[key("rasid_labels_assigned_total", label="traffic")] == 2
    for status, count in (("200", 2), ("422", 1), ("500", 1)):
        assert metrics[key("rasid_batch_articles_total", status=status)] == count


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=x", ";;=,", "*/*"])
def test_whatever_is_asked_for_there_are_metrics(client: TestClient, accept: str) -> None:
    response = client.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    assert "rasid_ready 1.0" in response.text


def test_two_apps_do_not_share_counts(client: TestClient, app, settings) -> None:
    from serving.app import create_app

    client.post("/classify", json={"text": "حريق"})
    with TestClient(create_app(settings, load=lambda: None)) as other:
        assert read_metrics(other)[key("rasid_windows_total")] == 0


def test_not_ready_is_seen_in_the_metrics(client: TestClient, app) -> None:
    app.state.engine.draining = True
    assert read_metrics(client)[key("rasid_ready")] == 0
