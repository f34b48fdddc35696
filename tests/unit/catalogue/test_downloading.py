import ipaddress
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image

from couturier.catalogue import download
from couturier.catalogue.download import Downloads
from couturier.catalogue.hosts import is_public
from couturier.catalogue.read import stream_catalogue
from couturier.catalogue.records import Fault, Product
from couturier.dataset.build import build_dataset
from couturier.dataset.records import read_items
from couturier.dataset.settings import DatasetSettings


def make_jpeg(colour="red"):
    data = BytesIO()
    Image.new("RGB", (90, 120), colour).save(data, "JPEG")
    return data.getvalue()


class ShopServer(ThreadingHTTPServer):
    """A shop's picture server: serves what `answers` says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {"/red.jpg": (200, make_jpeg(), {"ETag": '"r1"'})}
        self.asked = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.host = f"127.0.0.1:{self.server_port}"

    def address(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        with server.lock:
            server.asked.append((self.path, self.headers.get("If-None-Match")))
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            answer = server.answers.get(self.path, (404, b"gone", {}))
            status, body, headers = answer.pop(0) if isinstance(answer, list) else answer
        if headers.get("ETag") and headers["ETag"] == self.headers.get("If-None-Match"):
            status, body = 304, b""
        time.sleep(0.02)
        with server.lock:
            server.at_once -= 1
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = ShopServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server():
    with serving() as one:
        yield one


@pytest.fixture
def fetch(tmp_path, server):
    def run(*addresses, allowed=None, **options):
        hosts = (server.host,) if allowed is None else allowed
        downloads = Downloads(tmp_path / "kept", hosts, pause_s=0.01, **options)
        assert sorted(downloads.fetch(addresses)) == sorted(addresses)
        return [downloads.find(address) for address in addresses]

    return run


def test_pictures_come_several_at_once_and_whole(server, fetch):
    paths = [f"/{n}.jpg" for n in range(12)]
    server.answers |= {path: (200, make_jpeg(), {}) for path in paths}
    found = fetch(*map(server.address, paths))
    assert {path.read_bytes() for path, _, _ in found} == {make_jpeg()}
    assert server.most_at_once > 1


def test_what_is_here_is_not_asked_for_again_within_a_day(server, fetch):
    fetch(server.address("/red.jpg"))
    fetch(server.address("/red.jpg"))
    assert len(server.asked) == 1


def test_after_a_day_the_server_is_asked_by_etag_whether_it_changed(server, fetch, monkeypatch):
    monkeypatch.setattr(download, "_FRESH_S", 0)
    fetch(server.address("/red.jpg"))
    (unchanged,) = fetch(server.address("/red.jpg"))
    assert unchanged[0].read_bytes() == make_jpeg("red")
    server.answers["/red.jpg"] = (200, make_jpeg("blue"), {"ETag": '"b2"'})
    (changed,) = fetch(server.address("/red.jpg"))
    assert changed[0].read_bytes() == make_jpeg("blue")
    assert [etag for _, etag in server.asked] == [None, '"r1"', '"r1"']


def test_a_server_that_is_busy_is_asked_again(server, fetch):
    busy = (503, b"", {"Retry-After": "0"})
    server.answers["/late.jpg"] = [busy, busy, (200, make_jpeg(), {})]
    ((path, fault, _),) = fetch(server.address("/late.jpg"))
    assert (path.is_file(), fault, len(server.asked)) == (True, "", 3)


def test_a_picture_that_is_gone_is_asked_for_once_and_told(server, fetch):
    ((path, fault, reason),) = fetch(server.address("/gone.jpg"))
    assert (path, fault, len(server.asked)) == (None, "failed download", 1)
    assert "the server answers 404 Not Found" in reason


def test_no_more_is_read_than_may_be_large(server, fetch, tmp_path):
    server.answers["/told.jpg"] = (200, b"x" * 2_000_000, {})
    server.answers["/hidden.jpg"] = (200, b"x" * 2_000_000, {"Content-Length": "2000000"})
    found = fetch(server.address("/told.jpg"), server.address("/hidden.jpg"), max_mb=1)
    assert [(fault, "larger than 1 MB" in reason) for _, fault, reason in found] == [
        ("refused address", True)
    ] * 2
    assert not list((tmp_path / "kept").rglob("*.p*"))


def test_an_answer_that_breaks_off_leaves_nothing(server, fetch, tmp_path):
    server.answers["/torn.jpg"] = (200, b"x" * 10, {"Content-Length": "1000"})
    ((path, fault, _),) = fetch(server.address("/torn.jpg"))
    assert (path, fault) == (None, "failed download")
    assert not list((tmp_path / "kept").rglob("*.p*"))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/red.jpg",
        "http://localhost:{port}/red.jpg",
        "http://[::1]:{port}/red.jpg",
        "http://0.0.0.0:{port}/red.jpg",
        "http://2130706433:{port}/red.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://user:word@127.0.0.1:{port}/red.jpg",
        "http:///red.jpg",
        "http://[bad/red.jpg",
    ],
)
def test_hosts_that_are_not_public_are_refused_and_never_asked(server, fetch, address):
    ((path, fault, _),) = fetch(address.format(port=server.server_port), allowed=())
    assert (path, fault, server.asked) == (None, "refused address", [])


def test_a_redirect_to_a_host_that_is_not_public_is_refused(server, fetch):
    with serving() as inside:
        server.answers["/away.jpg"] = (302, b"", {"Location": inside.address("/red.jpg")})
        ((path, fault, reason),) = fetch(server.address("/away.jpg"))
        assert (path, fault, inside.asked) == (None, "refused address", [])
    assert "127.0.0.1, which is not a public address" in reason


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/1.jpg", "/away.jpg"])
def test_redirects_to_other_things_and_in_circles_are_refused(server, fetch, target):
    server.answers["/away.jpg"] = (302, b"", {"Location": target})
    assert fetch(server.address("/away.jpg"))[0][1] == "refused address"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1", False),
    ],
)
def test_an_address_is_public_or_not_however_it_is_written(address, public):
    assert is_public(ipaddress.ip_address(address)) == public


def test_rows_with_addresses_become_items_and_the_rest_goes_on_next_time(server, tmp_path):
    server.answers["/b.jpg"] = [(404, b"", {}), (200, make_jpeg("blue"), {})]
    rows = [
        {
            "id": "a",
            "title": "Red Dress",
            "body": "In red.",
            "image_url": server.address("/red.jpg"),
        },
        {
            "id": "b",
            "title": "Blue Dress",
            "body": "In blue.",
            "image_url": server.address("/b.jpg"),
        },
    ]
    data = tmp_path / "shop.json"
    data.write_text(json.dumps(rows))
    settings = DatasetSettings(download=True, allow_hosts=("127.0.0.1",))
    out = tmp_path / "set"
    first = build_dataset(data, images=None, out=out, settings=settings)
    assert (first.n_items, first.faults) == (1, {"failed download": 1})
    second = build_dataset(data, images=None, out=out, settings=settings)
    assert (second.n_items, second.n_reused, second.faults) == (2, 1, {})
    assert sorted(path for path, _ in server.asked) == ["/b.jpg", "/b.jpg", "/red.jpg"]
    assert read_items(out)[0].extra["source"] == rows[0]["image_url"]


def test_a_picture_in_the_folder_is_not_downloaded(server, export):
    export.pictures("red.jpg")
    path = export.write("p.json", json.dumps([{"id": 1, "image": server.address("/red.jpg")}]))
    downloads = Downloads(export.root / "kept", (server.host,))
    read = list(stream_catalogue(path, images=export.images, downloads=downloads))
    assert [one.names for one in read if isinstance(one, Product)] == [("red.jpg",)]
    assert not [one for one in read if isinstance(one, Fault)]
    assert server.asked == []
