"""One service for a class: metrics that Prometheus reads, its health, TLS, and keys from a file."""

from __future__ import annotations

import asyncio
import datetime
import http.client
import ipaddress
import socket
import ssl
import threading

import pytest
from support.service import KEY, Client, service
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.cli import main
from qwen_asr_widgets.client.keys import Secret
from qwen_asr_widgets.service.operation.access import Access, cannot_listen, tls_context
from qwen_asr_widgets.service.operation.metrics import ServiceMetrics
from qwen_asr_widgets.service.server import Service
from qwen_asr_widgets.service.workers.messages import FinalText, LoadRecognizer, RecognizerFailed
from qwen_asr_widgets.service.workers.pool import WorkerPool

SPEECH = qaw.sample("conversation").clip.to_pcm16()[:70_000]
BRIEF = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}


def read_metrics(text):
    """Return the samples of a page as Prometheus's own client reads it: (name, label values) to value."""
    parser = pytest.importorskip("prometheus_client.parser")
    families = list(parser.text_string_to_metric_families(text))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families for sample in family.samples
    }


def get(url, path, key=None):
    """Return status, content type and text of a page of the service."""
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=10)
    connection.request("GET", path, headers={} if key is None else {"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def test_prometheus_reads_what_was_counted():
    metrics = ServiceMetrics(sessions_total=3, refused_total=1)
    for seconds in (0.01, 0.2, 0.3, 60.0):
        metrics.recognised(FinalText("a", "words", seconds))
    metrics.recognised(RecognizerFailed("b", "no"))
    metrics.recognised(RecognizerFailed(None, "no settings"))
    pool = WorkerPool(LoadRecognizer("script", {}), sessions=4, workers=2)
    read = read_metrics(metrics.text('a "model"\\1', connections=2, pool=pool, behind=3.25))
    assert read["qaw_info", 'a "model"\\1'] == 1
    assert read["qaw_sessions_total",] == 3 and read["qaw_sessions_refused_total",] == 1
    assert read["qaw_connections",] == 2 and read["qaw_sessions_limit",] == 4
    assert read["qaw_workers_limit",] == 2 and read["qaw_workers",] == 0 == read["qaw_workers_lost_total",]
    assert read["qaw_recognizer_behind_seconds",] == 3.25 and read["qaw_failed_total",] == 1
    assert read["qaw_decode_seconds_count",] == 4 == read["qaw_finals_total",]
    assert read["qaw_decode_seconds_sum",] == pytest.approx(60.51)
    bounds = ("0.01", "0.1", "0.25", "0.5", "10.0", "+Inf")
    assert [read["qaw_decode_seconds_bucket", bound] for bound in bounds] == [1, 1, 2, 3, 3, 4]


@pytest.mark.service
def test_a_service_tells_its_health_to_all_and_its_sessions_to_who_has_the_key():
    with service("script", sessions=3) as url:
        assert get(url, "/healthz")[::2] == (200, "ok\n")
        assert get(url, "/metrics")[0] == get(url, "/metrics", "wrong")[0] == 401
        with Client(url) as client:
            client.update(turn_detection=BRIEF)
            client.append(SPEECH)
            client.until("conversation.item.input_audio_transcription.completed")
            status, kind, text = get(url, "/metrics", KEY)
            read = read_metrics(text)
        assert status == 200 and kind.startswith("text/plain; version=0.0.4")
        assert read["qaw_info", "script"] == read["qaw_connections",] == read["qaw_sessions",] == 1
        assert read["qaw_sessions_limit",] == 3 and read["qaw_finals_total",] >= 1
        wait_until(lambda: read_metrics(get(url, "/metrics", KEY)[2])["qaw_sessions",] == 0)
        assert KEY not in text


@pytest.mark.parametrize("option", ["--max-sessions", "--workers"])
def test_a_service_for_nobody_is_refused(capsys, option):
    assert main(["serve", option, "0"]) == 2
    assert f"{option} is 0; a service needs one at least." in capsys.readouterr().err


@pytest.mark.service
def test_a_port_that_is_taken_is_said_in_a_sentence(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--recognizer", "script", "--port", str(port)]) == 2
    said = f"Nothing can listen at 127.0.0.1, port {port}: Address already in use. Choose another"
    assert said in capsys.readouterr().err


def test_an_address_of_no_machine_is_said_in_a_sentence():
    with pytest.raises(socket.gaierror) as unknown:
        socket.getaddrinfo("300.1.2.3", 80, flags=socket.AI_NUMERICHOST)
    said = str(cannot_listen("300.1.2.3", 80, unknown.value))
    assert said.startswith("Nothing can listen at 300.1.2.3, port 80: ")
    assert said.endswith("Give an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all it has.")


@pytest.fixture
def certificate(tmp_path):
    """Make a certificate for this machine; return the files of it and of its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "class")])
    now = datetime.datetime.now(datetime.timezone.utc)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, *form))
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


@pytest.mark.service
def test_a_service_speaks_tls_and_takes_each_key_of_its_file(certificate):
    keys = (Secret("first-key-0123456789"), Secret("second-key-0123456789"))
    access = Access("127.0.0.1", keys, tls_context(*certificate))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    start = Service.start(access, "script")
    running = asyncio.run_coroutine_threadsafe(start, loop).result(60)
    try:
        assert running.url.startswith("wss://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=certificate[0])
        for key in keys:
            with Client(running.url, key.reveal(), ssl=trusted) as client:
                client.update(turn_detection=BRIEF)
                client.append(SPEECH)
                client.finish()
            assert client.of_type("completed")[0]["transcript"] == "two three four five six seven"
        assert "key-0123" not in repr(running) + repr(vars(running))
    finally:
        asyncio.run_coroutine_threadsafe(running.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
