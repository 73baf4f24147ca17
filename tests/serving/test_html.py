import json
import sys

import pytest
from starlette.testclient import TestClient

# Of shorter texts trafilatura is not sure enough to leave the rest of the page out.
TEXT = (
    "اندلع حريق في سوق المدينة القديمة ليلة أمس، ولم تسجل أي إصابات بين التجار أو السكان. "
    "وتدخلت فرق الوقاية المدنية بسرعة، وتمكنت من السيطرة على النيران بعد ساعتين من العمل. "
    "وفتحت السلطات المحلية بحثا لمعرفة الأسباب، فيما شرع أصحاب المحلات في إحصاء خسائرهم المادية."
)
TITLE = "حريق في السوق"
PAGE = f"""<!DOCTYPE html><html><head><title>{TITLE} - موقع</title></head><body>
<nav><a href="/">الرئيسية</a></nav><h1>{TITLE}</h1><article><p>{TEXT}</p></article>
</body></html>"""


def test_extracted_text_is_returned_and_offsets_are_its_own(client: TestClient) -> None:
    answer = client.post("/classify", json={"text": PAGE, "content_type": "text/html"}).json()
    assert answer["extracted"] == {"title": TITLE, "text": TEXT}
    assert answer["labels"] == ["fire"]
    (evidence,) = answer["topics"][0]["evidence"]
    assert TEXT[evidence["start"] : evidence["end"]] == evidence["text"] == "حريق"
    assert answer["coverage"]["chars"] == len(TEXT)


def test_plain_text_is_not_returned(client: TestClient) -> None:
    for article in ({"text": TEXT}, {"text": TEXT, "content_type": "text/plain"}):
        assert client.post("/classify", json=article).json()["extracted"] is None


def test_plain_text_stays_plain(client: TestClient) -> None:
    answer = client.post("/classify", json={"text": f"<p>{TEXT}</p>"}).json()
    assert answer["coverage"]["chars"] == len(TEXT) + 7


def test_title_of_the_request_stays(client: TestClient) -> None:
    article = {"text": PAGE, "title": "عنوان", "content_type": "text/html"}
    assert client.post("/classify", json=article).json()["extracted"]["title"] == "عنوان"


def test_limit_is_that_of_the_text_and_not_of_the_page(client: TestClient) -> None:
    long_page = PAGE.replace("<nav>", f"<nav><!-- {'x' * 2000} -->")
    article = {"text": long_page, "content_type": "text/html"}
    assert client.post("/classify", json=article).status_code == 200
    long_text = PAGE.replace(TEXT, TEXT + " وقال شاهد." * 100)
    response = client.post("/classify", json=article | {"text": long_text})
    assert response.json()["type"] == "urn:rasid:problem:text-too-long"


@pytest.mark.parametrize(
    ("article", "name", "pointer"),
    [
        ({"text": "<html></html>"}, "no-main-text", "#/text"),
        ({"text": " "}, "no-main-text", "#/text"),
        ({"text": "<p>a\0</p>"}, "invalid-text", "#/text"),
        ({"text": PAGE, "title": "\0"}, "invalid-text", "#/title"),
        ({"text": PAGE, "content_type": "application/pdf"}, "invalid-request", "#/content_type"),
    ],
)
def test_bad_pages_name_the_field(
    client: TestClient, article: dict[str, str], name: str, pointer: str
) -> None:
    response = client.post("/classify", json={"content_type": "text/html"} | article)
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == f"urn:rasid:problem:{name}"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_pages_in_batches_and_streams(client: TestClient) -> None:
    page = {"text": PAGE, "content_type": "text/html"}
    batch = client.post("/classify/batch", json={"articles": [page, {"text": TEXT}]}).json()
    extracted = [each["result"]["extracted"] for each in batch["results"]]
    assert extracted == [{"title": TITLE, "text": TEXT}, None]
    response = client.post(
        "/classify/stream",
        content=json.dumps(page).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert response.json()["result"]["extracted"]["text"] == TEXT


def test_deployment_without_the_extra(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    response = client.post("/classify", json={"text": PAGE, "content_type": "text/html"})
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == "urn:rasid:problem:html-not-installed"
    assert problem["errors"][0]["pointer"] == "#/content_type"
    assert client.post("/classify", json={"text": TEXT}).status_code == 200
