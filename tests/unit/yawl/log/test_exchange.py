"""An exchange ends: within its time, its size, and at the peer whose certificate is trusted."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import time
from io import BufferedIOBase
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.yawl.log.log_gateway import LogGateway, Reply, served, text
from yawl.log.exchange import Bounds, Gateway
from yawl.log.ports import AnswerTooLarge, EngineUnreachable

SMALL = Bounds(connect_seconds=5, answer_seconds=20, answer_bytes=100_000)
SHORT = Bounds(connect_seconds=0.3, answer_seconds=0.3, answer_bytes=100_000)


def at(gateway: LogGateway, bounds: Bounds = SMALL, ca_bundle: str | None = None) -> Gateway:
    return Gateway(f"{gateway.address}/logGateway", bounds, ca_bundle)


def chunk(out: BufferedIOBase, data: bytes) -> None:
    out.write(b"%x\r\n%s\r\n" % (len(data), data))


def endless(out: BufferedIOBase) -> None:
    while True:
        chunk(out, b"x" * 50_000)


def trickle(out: BufferedIOBase) -> None:
    while True:
        chunk(out, b"x")
        time.sleep(0.05)


def silent(out: BufferedIOBase) -> None:
    time.sleep(2)


CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"x" * 100_001),
        Reply(headers=CHUNKED, write=endless),
        Reply(headers={"Connection": "close"}, write=endless),
    ],
    ids=["with a length", "in chunks", "until it closes"],
)
def test_an_answer_is_bounded_in_size(gateway: LogGateway, reply: Reply) -> None:
    gateway.answer("anything", reply)
    with pytest.raises(AnswerTooLarge, match=r"^anything: more than 100000 bytes$"):
        at(gateway).post("anything", {})


def test_the_largest_answer_is_whole(gateway: LogGateway) -> None:
    gateway.answer("anything", Reply(b"x" * 100_000))
    assert at(gateway).post("anything", {}).body == b"x" * 100_000


@pytest.mark.parametrize(
    "reply",
    [
        Reply(headers=CHUNKED, write=trickle),
        Reply(headers={"Connection": "close"}, write=trickle),
        Reply(headers=CHUNKED, write=silent),
        Reply(headers={"Content-Length": "100"}, write=silent),
    ],
    ids=["a trickle of chunks", "a trickle until it closes", "nothing in chunks", "nothing with a length"],
)
def test_an_answer_is_bounded_in_time(gateway: LogGateway, reply: Reply) -> None:
    gateway.answer("anything", reply)
    with pytest.raises(EngineUnreachable, match=r"^anything: "):
        at(gateway, SHORT).post("anything", {})


@pytest.mark.parametrize(
    "reply",
    [
        Reply(headers={"Content-Length": "100"}, write=lambda out: out.write(b"<cases>")),
        Reply(headers=CHUNKED, write=lambda out: chunk(out, b"<cases>")),
        Reply(headers=CHUNKED, write=lambda out: out.write(b"no length\r\n")),
    ],
    ids=["with a length", "in chunks", "with a broken chunk"],
)
def test_a_truncated_answer_is_a_failure(gateway: LogGateway, reply: Reply) -> None:
    gateway.answer("anything", reply)
    with pytest.raises(EngineUnreachable, match=r"^anything: "):
        at(gateway).post("anything", {})


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EngineUnreachable, match=r"^anything: NewConnectionError$"):
        Gateway(f"http://127.0.0.1:{port}/yawl/logGateway", SMALL).post("anything", {})


def test_a_peer_that_speaks_no_http_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # The kernel accepts the connection, and the backlog never answers.
        with pytest.raises(EngineUnreachable, match=r"^anything: ReadTimeoutError$"):
            Gateway(f"http://127.0.0.1:{port}/yawl/logGateway", SHORT).post("anything", {})


def test_a_malformed_address_is_unreachable() -> None:
    with pytest.raises(EngineUnreachable):
        Gateway("http://[engine/logGateway", SMALL).post("anything", {})


def test_a_compressed_answer_is_never_unpacked(gateway: LogGateway) -> None:
    packed = gzip.compress(b"x" * 10_000_000)
    gateway.answer("anything", Reply(packed, headers={"Content-Encoding": "gzip"}))
    assert at(gateway).post("anything", {}).body == packed


def test_fields_travel_as_a_form_in_utf_8(gateway: LogGateway) -> None:
    gateway.answer("anything", text("<a/>"))
    fields = {"uri": "R&D Größe + 50%", "caseid": "日本 a+b\n"}
    at(gateway).post("anything", fields)
    assert gateway.questions == [{"action": "anything", **fields}]


def test_a_kept_connection_serves_the_next_question(gateway: LogGateway) -> None:
    gateway.answer("anything", text("<a/>"))
    one = at(gateway)
    assert [one.post("anything", {}).body for _ in range(3)] == [b"<a/>"] * 3


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A self-signed certificate for 127.0.0.1: a server's context that uses it, and its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "engine.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, key_path = folder / "engine.pem", folder / "engine.key"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return context, str(path)


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    context, bundle = certificate(tmp_path)
    with served(context) as gateway:
        gateway.answer("anything", text("<a/>"))
        with pytest.raises(EngineUnreachable, match=r"^anything: SSLError$"):
            at(gateway).post("anything", {})
        assert gateway.questions == []
        assert at(gateway, ca_bundle=bundle).post("anything", {}).body == b"<a/>"


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    context, bundle = certificate(tmp_path)
    with served(context) as gateway:
        gateway.address = gateway.address.replace("127.0.0.1", "localhost")
        with pytest.raises(EngineUnreachable, match=r"^anything: SSLError$"):
            at(gateway, ca_bundle=bundle).post("anything", {})
        assert gateway.questions == []
