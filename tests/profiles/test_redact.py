from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.redact import redact, redact_addresses

SECRET = "S3CR"
"""Begins every secret of the tables."""
HIDDEN = [
    "rtsp://cam.lan:554/user=admin_password=/S3CR/_channel=1",
    "rtsp://admin:S3CR@cam.lan:554/live",
    "RTSP://admin:S3CR@cam.lan:554/live",
    "http://S3CRTOKEN@cam.lan/x",
    "http://S3CRTOKEN:@cam.lan/x",
    "http://:S3CR@cam.lan/x",
    "rtsp://admin:pa@S3CR@cam.lan/x",
    "rtsp://admin:pa:S3CR@cam.lan/x",
    "rtsp://admin:pa/S3CR@cam.lan/x",
    "rtsp://admin:pa#S3CR@cam.lan/x",
    "rtsp://admin:pa?S3CR@cam.lan/x",
    "rtsp://admin:S3CR%40%2F@cam.lan/x",
    "rtsp://admin:S3CR@",
    "rtsp://admin:S3CR@/x",
    "rtsp://admin:S3CR@[::1]/x",
    "rtsp://admin:S3CR@[::1/x",
    "rtsp://admin:S3CR@cam.lan:99999/x",
    "rtmp://admin:S3CR@cam.lan/x",
    "http:/admin:S3CR@cam.lan/x",
    "http:admin:S3CR@cam.lan/x",
    "//admin:S3CR@cam.lan/x",
    "admin:S3CR@cam.lan/x",
    "S3CR@cam.lan",
    "http://admin:S3CR/x",
    "http://admin:S3CR",
    "http://admin:1234S3CR?x",
    "http//admin:S3CR@cam.lan/x",
    "http:// admin:S3CR@cam.lan/x",
    "http://cam.lan/snap.cgi?user=admin&password=S3CR",
    "http://cam.lan/snap.cgi?USER=admin&PassWord=S3CR",
    "http://cam.lan/snap.cgi?usr=admin&pwd=S3CR",
    "http://cam.lan/snap.cgi?loginuse=admin&loginpas=S3CR",
    "http://cam.lan/snap.cgi?u=admin&p=S3CR",
    "http://cam.lan/snap.cgi?token=S3CR",
    "http://cam.lan/snap.cgi?access_token=S3CR&channel=1",
    "http://cam.lan/snap.cgi?key=S3CR",
    "http://cam.lan/snap.cgi?api_key=S3CR",
    "http://cam.lan/snap.cgi?apikey=S3CR",
    "http://cam.lan/snap.cgi?auth=S3CR==",
    "http://cam.lan/snap.cgi?_sid=S3CR",
    "http://cam.lan/snap.cgi?session=S3CR",
    "http://cam.lan/snap.cgi?sig=S3CR",
    "http://cam.lan/snap.cgi?secret=S3CR",
    "http://cam.lan/snap.cgi?passwd=S3CR&passwd=S3CR",
    "http://cam.lan/snap.cgi?p%61ssword=S3CR",
    "http://cam.lan/snap.cgi?channel=1;password=S3CR",
    "http://cam.lan/snap.cgi?channel=1%26password=S3CR",
    "http://cam.lan/snap.cgi?channel=1%26password%3DS3CR",
    "http://cam.lan/snap.cgi?channel=1?password=S3CR",
    "http://cam.lan/snap.cgi?password=x&S3CR",
    "http://cam.lan/snap.cgi?password=x=S3CR",
    "http://cam.lan/snap.cgi?S3CRTOKEN",
    "http://cam.lan/snap.cgi?channel=S3CR0123456789abcdefXYZ",
    "http://cam.lan/snap.cgi#S3CR",
    "http://cam.lan/snap.cgi?channel=1#token=S3CR",
    "http://cam.lan?password=S3CR",
    "http//cam.lan?password=S3CR",
    "cam.lan?password=S3CR",
    "ftp://cam.lan/x?password=S3CR",
    "rtsp://cam.lan:554/user=admin_password=S3CR_channel=1_stream=0.sdp",
    "rtsp://cam.lan:554/user=admin_password=S3_S3CR_channel=1",
    "rtsp://cam.lan:554/user=admin&password=S3CR&channel=1&stream=0.sdp?",
    "rtsp://cam.lan:554/live/token=S3CR",
    "rtsps://nvr.lan:7441/S3CRt5kWVmIUqCDvHGkL?enableSrtp",
    "http://nvr.lan/proxy/S3CRt5kWVmIUqCDvHGkL/snap.jpg",
]
SHOWN = [
    "0",
    "/dev/video0",
    "csi://0",
    "demo:?seed=3&frames=60",
    "/home/pi/scans/page_12.jpg",
    "page.jpg",
    "scans/*.png",
    r"C:\scans\page.jpg",
    "http://cam.lan:8080/?action=stream",
    "http://cam.lan/axis-cgi/mjpg/video.cgi?resolution=640x480&fps=5",
    "http://[fe80::1]:81/stream",
    "http://[fe80::1]/stream",
    "http://cam.lan:99999/stream",
    "rtsp://cam.lan:554/Streaming/Channels/101?transportmode=unicast".replace("transportmode", "transport"),
    "rtsp://cam.lan:554/cam/realmonitor?channel=1&subtype=0",
    "http://192.168.1.20/cgi-bin/snapshot.cgi?chn=0&size=1",
    "http://homeassistant.local:8123/api/camera_proxy_stream/camera.front_door",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_is_hidden(text: str) -> None:
    shown = redact(text)
    assert SECRET not in shown
    assert "***" in shown


@pytest.mark.parametrize("text", [text for text in HIDDEN if "lan" in text])
def test_the_host_is_still_shown(text: str) -> None:
    assert ".lan" in redact(text)


@pytest.mark.parametrize("text", SHOWN)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", [*HIDDEN, *SHOWN])
def test_a_redacted_text_is_not_changed_again(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_addresses_within_a_message_are_redacted() -> None:
    message = "Could not open 'http://admin:S3CR@cam.lan/x': error, see rtsp://cam.lan/?token=S3CR&channel=1: now"
    assert redact_addresses(message) == (
        "Could not open 'http://***@cam.lan/x': error, see rtsp://cam.lan/?token=***&channel=1: now"
    )


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="@"), max_size=8), st.data())
def test_a_secret_of_any_signs_is_hidden(signs: str, data: st.DataObject) -> None:
    secret = f"{signs}{SECRET}{signs[::-1]}"
    text = data.draw(
        st.sampled_from(
            [
                f"http://admin:{secret}@cam.lan/x",
                f"http://{secret}@cam.lan/x",
                f"rtsp://admin:a@{secret}@cam.lan:554/x?channel=1",
                f"http://cam.lan/x?channel=1&password={secret}&size=1",
                f"rtsp://cam.lan:554/user=admin_password={secret}_channel=1",
            ]
        )
    )
    assert SECRET not in redact(text)
