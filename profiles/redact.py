"""Replace the secrets in a text that names a source by asterisks.

redact("rtsp://me:secret@cam.lan/live?channel=1&token=abc")  ->  "rtsp://***@cam.lan/live?channel=1&token=***"

A password can stand in many places, and each maker of cameras has other names for it. So what is known to be harmless
is shown, and everything else is not. The text need not be a valid address: what a user has mistyped is shown, too.
"""

from __future__ import annotations

import re

MASK = "***"
"""Stands for a secret."""
HARMLESS = {
    "action", "audio", "bitrate", "brightness", "cam", "camera", "cameraid", "ch", "channel", "channels", "chn",
    "clock", "cmd", "codec", "color", "compression", "count", "date", "delay", "device", "directory", "duration",
    "format", "fps", "frame", "framerate", "frames", "h", "height", "id", "image", "imagepath", "img", "index",
    "interval", "live", "mode", "n", "name", "no", "nocache", "ntsc", "ov", "period", "port", "position", "preset",
    "profile", "proto", "quality", "r", "rand", "random", "rate", "res", "resolution", "rotate", "rotation", "s",
    "scale", "seed", "seq", "size", "snapshot", "sort", "source", "stream", "streamid", "streamtype", "subtype",
    "t", "text", "time", "timeout", "timestamp", "transport", "type", "unicast", "v", "version", "video", "view",
    "w", "width", "x", "y", "zoom",
}  # fmt: skip
"""Names, in lower case, of options in addresses of cameras whose values are shown. No camera takes a password by these.
Without `user`: some cameras take a token there."""
_PLAIN_VALUE = re.compile(r"[\w.,+-]{0,24}")
"""A value that is shown: short, and without a sign that could begin another option."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/*(?=[^/])|/+(?=[^/])|")
_WRONG_PORT = re.compile(r"(?<=[^:])(:)(?!\d{0,5}$)[^\]]*$")
"""What follows a host and is not a port: `password` in `http://user:password/path`, where the host was forgotten."""
_TOKEN = re.compile(r"(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{16,}|[0-9a-f-]{24,}|[0-9A-F-]{24,}")
"""A part of a path that looks random: some recorders know their users by it."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+[^\s'\"<>]*[^\s'\"<>:;,.)]")


def redact(text: str) -> str:
    """Return a text that names a source without its secrets: user and password, options with secrets, tokens.

    Args:
        text: an address, valid or not, or the name of a file; not a sentence that contains one.
    """
    scheme, rest = _split_scheme(text)
    before, at, rest = rest.rpartition("@")
    user = f"{MASK}@" if at and before else at
    rest, hash_sign, fragment = rest.partition("#")
    path, question_mark, query = rest.partition("?")
    host, slash, path = path.partition("/")
    host = _WRONG_PORT.sub(rf"\1{MASK}", host) if scheme else _redact_part(host)
    path = host + slash + _redact_path(path)
    return f"{scheme}{user}{path}{question_mark}{_redact_options(query, '&;')}{hash_sign}{MASK if fragment else ''}"


def redact_addresses(text: str) -> str:
    """Return a text of any kind, such as a server's or a library's message, with each address in it redacted."""
    return _ADDRESS.sub(lambda found: redact(found[0]), text)


def _split_scheme(text: str) -> tuple[str, str]:
    """Split `http://host` into `http://` and `host`. In `user:password@host` there is no scheme: no slash follows."""
    found = _SCHEME.match(text)
    end = found.end() if found is not None else 0
    if "/" not in text[:end] and "@" in text[end:]:
        return "", text
    return text[:end], text[end:]


def _redact_path(path: str) -> str:
    """Redact a path. From the first option on all of it counts as options: a password may contain a slash."""
    parts = path.split("/")
    options = next((index for index, part in enumerate(parts) if "=" in part), len(parts))
    shown = [*map(_redact_part, parts[:options])]
    if options < len(parts):
        shown.append(_redact_options("/".join(parts[options:]), "&;_,/"))
    return "/".join(shown)


def _redact_part(part: str) -> str:
    """Redact a part of a path; some cameras have options in it: `user=me_password=secret_channel=1`."""
    if "=" in part:
        return _redact_options(part, "&;_,")
    return MASK if _TOKEN.fullmatch(part) else part


def _redact_options(options: str, separators: str) -> str:
    return "".join(
        part if part in separators else _redact_option(part) for part in re.split(f"([{separators}])", options) if part
    )


def _redact_option(option: str) -> str:
    name, equals, value = option.partition("=")
    if name.lower() in HARMLESS and _PLAIN_VALUE.fullmatch(value) and not _TOKEN.fullmatch(value):
        return option
    return f"{name}={MASK}" if equals and re.fullmatch(r"[A-Za-z][\w.-]{0,24}", name) else MASK
