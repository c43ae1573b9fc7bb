"""What goes wrong before the first byte: certificates that may not be believed, and names that lead nowhere.

Whole polls against a real TLS server: the reason is told, the configuration is kept, and the feed mends by itself.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from storage import feeds
from tests.feedserver import FeedServer, Reply
from tests.house import item, rss
from tests.newsroom import reopened

if TYPE_CHECKING:
    from pathlib import Path

    from storage.records import Feed
    from tests.newsroom import Newsroom

XML = {"Content-Type": "application/rss+xml"}
ONE = rss([item("Gold one", guid="1")])
TWO = rss([item("Gold two", guid="2"), item("Gold one", guid="1")])
HERE = "IP:127.0.0.1"
VALID = ("20200101000000Z", "20991231235959Z")
AUTHORITY = """
[ca]
default_ca = mine
[mine]
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def certificate(folder: Path, name: str = HERE, valid: tuple[str, str] = VALID) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a self-signed certificate, and the file of the certificate itself."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs the openssl program")
    folder.mkdir()
    (folder / "authority.cnf").write_text(AUTHORITY)
    (folder / "index.txt").touch()
    request = [program, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    request += ["-subj", f"/CN={folder.name}"]
    request += ["-addext", f"subjectAltName={name}", "-keyout", "key.pem", "-out", "request.pem"]
    sign = [program, "ca", "-batch", "-config", "authority.cnf", "-selfsign", "-keyfile", "key.pem"]
    sign += ["-in", "request.pem", "-out", "cert.pem", "-startdate", valid[0], "-enddate", valid[1], "-notext"]
    for command in (request, sign):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


def believing(*certificates: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for one in certificates:
        context.load_verify_locations(one)
    return context


BAD = {
    "self-signed": (HERE, VALID, "self-signed"),
    "expired": (HERE, ("20200101000000Z", "20200201000000Z"), "expired"),
    "not yet valid": (HERE, ("20980101000000Z", "20991231235959Z"), "not yet valid"),
    "of another host": ("DNS:other.example", VALID, "127.0.0.1"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_certificate_that_may_not_be_believed_is_a_fault_until_it_is_replaced(
    tmp_path: Path, name: str
) -> None:
    address, valid, says = BAD[name]
    bad, bad_file = certificate(tmp_path / "bad", address, valid)
    good, good_file = certificate(tmp_path / "good")
    trust = believing(good_file, *(() if name == "self-signed" else (bad_file,)))
    async with FeedServer(tls=good) as server:
        server.script["/f"] = Reply(200, {**XML, "ETag": '"1"'}, ONE)
        async with reopened(tmp_path, server, tls=trust) as room:
            await room.follow()
            before = await room.poll((await room.add("/f")).id)
    assert before.fault_kind is None
    async with FeedServer(tls=bad) as server:
        async with reopened(tmp_path, server, tls=trust) as room:
            failed = await poll_at(room, server, before.id)
        assert server.requests == [], "not a word is said to a server that may be anybody"
    assert failed.fault_kind == "tls"
    assert says in (failed.fault_detail or "")
    assert "certificate" in (failed.fault_detail or "")
    assert (failed.etag, failed.body_hash, failed.state) == (before.etag, before.body_hash, "active")
    async with FeedServer(tls=good) as server:
        server.script["/f"] = Reply(200, XML, TWO)
        async with reopened(tmp_path, server, tls=trust) as room:
            mended = await poll_at(room, server, before.id)
            assert (mended.fault_kind, mended.failures) == (None, 0)
            assert [one.title for one in await room.entries()] == ["Gold one", "Gold two"]


async def poll_at(room: Newsroom, server: FeedServer, feed_id: int) -> Feed:
    """Poll a feed where the server listens now: each server here has a port of its own."""
    async with room.database.write() as connection:
        await feeds.rename_url(connection, feed_id, server.url("/f"))
    return await room.poll(feed_id)


async def test_a_name_that_does_not_resolve_is_a_fault_that_backs_off(tmp_path: Path) -> None:
    async with FeedServer() as server, reopened(tmp_path, server) as room:
        async with room.database.write() as connection:
            feed, _new = await feeds.add(connection, "https://no-such-name.invalid/feed", now=room.now)
        gaps = []
        for _ in range(3):
            feed = await room.poll(feed.id)
            gaps.append(feed.next_poll_at - room.now)
            room.passed = feed.next_poll_at - room.start
        assert (feed.fault_kind, feed.state, feed.failures) == ("dns", "active", 3)
        assert "name cannot be found" in (feed.fault_detail or "")
        assert gaps[0] < gaps[1] < gaps[2]
