"""Sign-in, redirects, TLS, proxies, and a sentence of its own for each cause of a failure."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
import socket
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.capture.address import StreamOptions
from agent.capture.http_auth import Authorizer, parse_challenges
from agent.capture.http_errors import connection_error
from agent.capture.http_source import HttpSource
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import SourceError
from tests.agent.capture.camera_server import (
    Behaviour,
    Visit,
    camera_server,
    encoded,
    multipart,
    part,
    self_signed,
)

PATIENT = StreamOptions(patience_s=60, every_s=0.05)
SECRET = "S3CR:@/#?& ÄT"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def read_frames(address: str, count: int = 1, options: StreamOptions = PATIENT) -> None:
    with open_source(parse_source(address, options)) as source:
        assert isinstance(source, HttpSource)
        for _ in range(count):
            frame = source.read()
            assert frame is not None
            assert frame.image.shape == (48, 64, 3)


def error_of(address: str, options: StreamOptions = PATIENT) -> str:
    with pytest.raises(SourceError) as caught:
        read_frames(address, options=options)
    text = str(caught.value)
    assert "; " in text
    assert text.isprintable()
    return text


def give_picture(visit: Visit) -> None:
    visit.answer("200 OK", "Content-Type: image/jpeg", body=encoded(1))


def page(visit: Visit) -> None:
    visit.answer("200 OK", "Content-Type: text/html", body=b"<!DOCTYPE html><title>Sign in</title>")


def redirect_to(target: str, status: str = "302 Found") -> Behaviour:
    return lambda visit: visit.answer(status, f"Location: {target}", body=b"moved")


ANSWERS: dict[str, tuple[Behaviour, str]] = {
    "401": (
        lambda visit: visit.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="\x1b[31mx"'),
        r"wants a user name and a password \(status 401\); write 'http://user:password@host/path'",
    ),
    "401 without a challenge": (lambda visit: visit.answer("401 No"), "wants a user name and a password"),
    "403": (lambda visit: visit.answer("403 Forbidden"), r"is forbidden \(status 403\); check what this user may do"),
    "404": (
        lambda visit: visit.answer("404 Not Found", "Content-Type: text/html", body=b"<html>"),
        r"does not exist on this camera \(status 404\); look up the path",
    ),
    "410": (lambda visit: visit.answer("410 Gone"), r"does not exist on this camera \(status 410\)"),
    "418": (lambda visit: visit.answer("418 Teapot"), r"answers with status 418 instead of pictures"),
    "500": (lambda visit: visit.answer("500 Oh"), r"reports a fault of its own \(status 500\); restart the camera"),
    "503": (lambda visit: visit.answer("503 Busy"), r"is busy \(status 503\); close other programs"),
    "204": (lambda visit: visit.answer("204 No Content"), "gives nothing"),
    "nothing": (lambda visit: visit.answer("200 OK"), "gives nothing; try the address in a browser"),
    "a stream of nothing": (lambda visit: visit.send(multipart()), "gives nothing"),
    "a web page": (page, "is a web page, not a picture; look up the address of the picture"),
    "a web page without its type": (
        lambda visit: visit.answer("200 OK", body=b"\r\n <HTML lang=en>"),
        "is a web page, not a picture",
    ),
    "a playlist": (
        lambda visit: visit.answer("200 OK", body=b"#EXTM3U\nfile:///etc/passwd"),
        "is a playlist, which is not read; use the camera's address for MJPEG",
    ),
    "a description of a session": (lambda visit: visit.answer("200 OK", body=b"v=0\no=- 0 0"), "is a playlist"),
    "JSON": (
        lambda visit: visit.answer("200 OK", "Content-Type: application/json", body=b'{"error": 1}'),
        "gives application/json without a JPEG, PNG, WebP or BMP picture",
    ),
    "a type that would harm a terminal": (
        lambda visit: visit.answer("200 OK", "Content-Type: \x1b[31m" + 99 * "x", body=b"?"),
        r"gives \\x1b\[31mx{55}… without",
    ),
    "no HTTP": (
        lambda visit: visit.send(b"RTSP/1.0 400 Bad Request\r\n\r\n"),
        "does not answer in HTTP; check the port",
    ),
    "ICY": (lambda visit: visit.send(b"ICY 200 OK\r\n\r\n"), "does not answer in HTTP"),
    "hangs up": (lambda visit: None, "closes the connection without an answer; check the port"),
    "a redirect to itself": (redirect_to("/"), "redirects without an end"),
    "a redirect without a target": (lambda visit: visit.answer("302 Found"), "answers with status 302"),
    "redirects one after the other": (
        lambda visit: redirect_to(f"{visit.request.target}x")(visit),
        "redirects without an end; try the address in a browser",
    ),
    "a redirect to another host": (
        redirect_to("http://user:S3CR@elsewhere.invalid/snap.jpg?token=S3CR"),
        r"redirects to http://\*\*\*@elsewhere\.invalid/snap\.jpg\?token=\*\*\*, which is not followed",
    ),
    "a redirect to another name of the host": (
        redirect_to("http://localhost/"),
        "redirects to http://localhost/, which",
    ),
    "a redirect to a file": (
        redirect_to("file:///etc/passwd"),
        "redirects to file:///etc/passwd, which is not followed",
    ),
    "a redirect to RTSP": (redirect_to("rtsp://127.0.0.1/"), "redirects to rtsp://127.0.0.1/, which is not followed"),
    "a redirect to no address": (redirect_to("http://[::1/"), r"redirects to http://\[.*, which is not followed"),
    "a redirect to no port": (redirect_to("http://127.0.0.1:99999/"), "redirects to http://127.0.0.1:99999/, which"),
}


@pytest.mark.parametrize(("behaviour", "message"), ANSWERS.values(), ids=ANSWERS)
def test_each_answer_without_a_picture_has_its_own_sentence(behaviour: Behaviour, message: str) -> None:
    with camera_server(behaviour) as camera:
        text = error_of(camera.url + "/")
        assert text.startswith(camera.url)
        assert re.search(message, text), text
        assert "S3CR" not in text


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_is_said() -> None:
    port = closed_port()
    assert f": 127.0.0.1:{port} refuses the connection; check the port" in error_of(f"http://127.0.0.1:{port}/x")


def test_an_unknown_host_is_said() -> None:
    text = error_of("http://camera.invalid/x")
    assert "http://camera.invalid/x: " in text
    assert "there is no host of this name; check the name" in text or "cannot be looked up now; check this" in text


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), "there is no host of this name"),
        (socket.gaierror(socket.EAI_AGAIN, ""), "cannot be looked up now"),
        (
            OSError(errno.EHOSTUNREACH, ""),
            "there is no way to cam:80 in the network; check that this machine is connected",
        ),
        (OSError(errno.ENETUNREACH, ""), "there is no way to cam:80 in the network"),
        (TimeoutError(), "cam:80 does not answer; check the address, that the camera has power"),
        (ConnectionResetError(), "cam:80 closes the connection without an answer"),
        (ssl.SSLError("x"), "no encrypted connection to cam:80 is possible; check the port"),
        (OSError(errno.EMFILE, "Too many open files"), r"http://cam/ cannot be reached \(Too many open files\)"),
    ],
)
def test_each_failure_of_the_network_has_its_own_sentence(error: Exception, message: str) -> None:
    """These causes cannot be produced on loopback."""
    assert re.search(message, str(connection_error("http://cam/", "cam:80", error)))


def test_redirects_within_the_host_are_followed() -> None:
    def behave(visit: Visit) -> None:
        if visit.request.target.startswith("/new"):
            give_picture(visit)
        else:
            redirect_to(f"http://user@127.0.0.1:{camera.port}/new?a=1#x", "308 Moved")(visit)

    with camera_server(behave) as camera:
        read_frames(f"{camera.url}/old", 2)
    assert [request.target for request in camera.requests] == ["/old", "/new?a=1"] * 2
    assert camera.connections == 1


def test_a_redirect_from_https_to_http_is_not_followed(tmp_path: Path) -> None:
    with camera_server(redirect_to("http://127.0.0.1/"), self_signed(tmp_path)) as camera:
        text = error_of(f"https://{camera.place}/", StreamOptions(patience_s=60, verify=False))
    assert "redirects to http://127.0.0.1/, which is not followed" in text


def basic(visit: Visit) -> None:
    expected = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    if visit.request.headers.get("authorization") == expected:
        give_picture(visit)
    else:
        visit.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="cam, Digest x", charset="UTF-8"')


def digest(challenge: str, hash_name: str = "md5") -> Behaviour:
    """Return a camera that checks a Digest by the rules of RFC 7616, and wants a new nonce after three requests."""
    counts: dict[str, int] = {}

    def is_right(target: str, header: str) -> bool:
        fields = urllib.request.parse_keqv_list(urllib.request.parse_http_list(header.removeprefix("Digest ")))

        def hashed(*parts: str) -> str:
            return hashlib.new(hash_name, ":".join(parts).encode()).hexdigest()

        nonce = fields["nonce"]
        counts[nonce] = counts.get(nonce, 0) + 1
        key, request = hashed("me", "cam", SECRET), hashed("GET", target)
        if "sess" in challenge:
            key = hashed(key, nonce, fields["cnonce"])
        quality = [f"{counts[nonce]:08x}", fields["cnonce"], "auth"] if "qop" in challenge.lower() else []
        expected = {"response": hashed(key, nonce, *quality, request), "opaque": "o", "username": "me", "uri": target}
        if quality:
            expected |= {"nc": quality[0], "qop": "auth"}
        return counts[nonce] <= 3 and expected.items() <= fields.items()

    def behave(visit: Visit) -> None:
        header = visit.request.headers.get("authorization", "").encode("latin-1").decode()
        if header.startswith("Digest ") and is_right(visit.request.target, header):
            give_picture(visit)
        else:
            second = challenge % (len(counts) + 1)
            visit.answer("401 No", 'WWW-Authenticate: Basic realm="x"', f"WWW-Authenticate: {second}")

    return behave


MD5 = 'Digest realm="cam", nonce="n%d", opaque="o"'
SIGN_INS: dict[str, Behaviour] = {
    "Basic": basic,
    "Digest of RFC 2069": digest(MD5),
    "Digest with qop": digest(f'{MD5}, qop="auth"'),
    "Digest with two qops": digest(f'{MD5}, qop="auth-int,auth", algorithm=MD5'),
    "Digest with a session": digest(f'{MD5}, qop="auth", algorithm=MD5-sess'),
    "Digest with SHA-256": digest(f'{MD5}, qop="auth", algorithm=SHA-256', "sha256"),
    "Digest in any case": digest(MD5.replace("Digest realm", "DIGEST Realm").replace("nonce", "NONCE") + ",QOP=auth"),
}


@pytest.mark.parametrize("behaviour", SIGN_INS.values(), ids=SIGN_INS)
@pytest.mark.parametrize("place", ["address", "file"])
def test_a_user_is_signed_in(place: str, behaviour: Behaviour) -> None:
    quoted = urllib.parse.quote(SECRET, safe="")
    with camera_server(behaviour) as camera:
        user = "me" if place == "file" else f"me:{quoted}"
        options = StreamOptions(60, 0.05, password=SECRET if place == "file" else None)
        read_frames(f"http://{user}@{camera.place}/snap.jpg?a=1", 7, options)
        assert camera.requests[0].headers.get("authorization") is None


@pytest.mark.parametrize("behaviour", SIGN_INS.values(), ids=SIGN_INS)
def test_a_wrong_password_is_said(behaviour: Behaviour) -> None:
    with camera_server(behaviour) as camera:
        text = error_of(f"http://me:S3CRwrong@{camera.place}/x")
    assert "refuses the user name or the password (status 401); check both" in text
    assert "S3CR" not in text
    assert len(camera.requests) == 2  # more of them lock some cameras


def test_an_unknown_way_to_sign_in_is_said() -> None:
    with camera_server(lambda visit: visit.answer("401 No", "WWW-Authenticate: NTLM")) as camera:
        assert "asks for a sign-in by ntlm, which is not supported" in error_of(f"http://me:x@{camera.place}/")


@pytest.mark.parametrize("header", ["Digest", "Digest qop=x", 'Digest nonce="', "Basic", ",,=,", '"' * 50, "a" * 5000])
def test_an_odd_challenge_harms_nothing(header: str) -> None:
    challenges = parse_challenges([header])
    authorizer = Authorizer("me", "x")
    assert authorizer.accept(challenges) == (header == "Basic")
    assert authorizer.header("GET", "/") == (b"Basic bWU6eA==" if header == "Basic" else None)


def test_a_password_stands_where_the_address_wants_it() -> None:
    options = StreamOptions(60, 0.05, password="S3CR&=%")
    with camera_server(give_picture) as camera:
        read_frames(f"{camera.url}/snap.cgi?user=me&pwd={{password}}", options=options)
    assert camera.requests[0].target == "/snap.cgi?user=me&pwd=S3CR%26%3D%25"


CERTIFICATES: dict[str, tuple[str, str]] = {
    "self-signed": ("127.0.0.1", "self-signed certificate|self signed certificate"),
    "of another host": ("127.0.0.2", "self-signed certificate|self signed certificate|mismatch"),
}


@pytest.mark.parametrize(("name", "reason"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_must_be_valid_unless_the_option_says_otherwise(name: str, reason: str, tmp_path: Path) -> None:
    with camera_server(give_picture, self_signed(tmp_path, name)) as camera:
        text = error_of(f"https://{camera.place}/x")
        assert re.search(rf"the certificate is not valid \(({reason}).*\); .* --insecure", text), text
        assert not camera.requests
        read_frames(f"https://{camera.place}/x", 2, StreamOptions(60, 0.05, verify=False))


@pytest.mark.parametrize(("name", "works"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_an_installed_certificate_is_accepted_for_its_host(
    name: str, works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = self_signed(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with camera_server(give_picture, context) as camera:
        if works:
            read_frames(f"HTTPS://{camera.place}/x", 2)
        else:
            assert "the certificate is not valid (IP address mismatch" in error_of(f"https://{camera.place}/x")


def test_https_where_http_is_spoken_and_the_other_way_round(tmp_path: Path) -> None:
    with camera_server(give_picture) as camera:
        assert f"no encrypted connection to {camera.place} is possible" in error_of(f"https://{camera.place}/x")
    with camera_server(give_picture, self_signed(tmp_path)) as camera:
        assert f"{camera.place} closes the connection without" in error_of(f"http://{camera.place}/x")


def test_a_proxy_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("http_proxy", f"http://me:S3CR@127.0.0.1:{port}")
    text = error_of("http://camera.invalid/x")
    assert f"the proxy http://***@127.0.0.1:{port} gives no connection; set no_proxy" in text
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with camera_server(give_picture) as camera:
        read_frames(camera.url)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_used(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_as_proxy(visit: Visit) -> None:
        if visit.request.target.startswith("http://"):
            give_picture(visit)
            return
        visit.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self_signed(tmp_path).wrap_socket(visit.connection, server_side=True) as stream:
            stream.recv(4096)
            stream.sendall(multipart() + part(encoded(1)))
            stream.recv(1)

    with camera_server(answer_as_proxy) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.place)
        read_frames(f"{scheme}://camera.invalid:1234/x?y=1", options=StreamOptions(60, verify=False))
    wanted = "http://camera.invalid:1234/x?y=1" if scheme == "http" else "camera.invalid:1234"
    assert proxy.requests[0].target == wanted


def test_a_proxy_that_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with camera_server(lambda visit: visit.answer("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        assert "the proxy wants a user name and a password (status 407)" in error_of("http://camera.invalid/x")
        assert "gives no connection; set no_proxy" in error_of("https://camera.invalid/x")


@pytest.mark.parametrize("write", [str.upper, str.title])
def test_scheme_and_host_are_written_in_any_case(write: Callable[[str], str]) -> None:
    with camera_server(give_picture) as camera:
        read_frames(write("http://localhost") + f":{camera.port}/Path?Query")
    assert camera.requests[0].target == "/Path?Query"


def test_an_address_of_other_letters_is_encoded() -> None:
    with camera_server(give_picture) as camera:
        read_frames(f"{camera.url}/Küche/%20?größe=1")
    assert camera.requests[0].target == "/K%C3%BCche/%20?gr%C3%B6%C3%9Fe=1"
