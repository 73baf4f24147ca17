import re
from html.parser import HTMLParser
from urllib.parse import urljoin

from starlette.testclient import TestClient


class Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for name in ("src", "href") if name in given]
        self.inline |= tag == "script" and "src" not in given


def test_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text
    addresses = Addresses()
    addresses.feed(page.text)
    own = [address for address in addresses.found if not address.startswith("data:")]
    assert len(own) == 3
    assert not addresses.inline
    types = {"js": "text/javascript", "css": "text/css"}
    for address in own:
        asset = client.get(urljoin("/docs", address))
        assert asset.status_code == 200
        assert asset.headers["content-type"].startswith(types[address.rsplit(".", 1)[1]])
        assert len(asset.content) > 50


def test_start_script_loads_our_document(client: TestClient) -> None:
    start = client.get("/docs/assets/start.js").text
    (address,) = re.findall(r'url: "([^"]+)"', start)
    assert client.get(urljoin("/docs", address)).json()["openapi"].startswith("3.1")
    assert "validatorUrl: null" in start
    assert "://" not in start


def test_bundled_interface_knows_openapi_3_1(client: TestClient) -> None:
    bundle = client.get("/docs/assets/swagger-ui-bundle.js").text
    assert "SwaggerUIBundle" in bundle
    # Only Swagger UI 5 renders OpenAPI 3.1; this is its class for such documents.
    assert "isOAS31" in bundle


def test_policy_allows_own_files_only(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


def test_no_other_file_is_served(client: TestClient) -> None:
    for name in ("favicon.png", "..%2f__init__.py", "%2e%2e", ""):
        assert client.get(f"/docs/assets/{name}").status_code == 404
