"""A client may connect with the key, from this machine, and from no page of another site."""

from __future__ import annotations

import ssl

import pytest

from qwen_asr_widgets.client.endpoints import REALTIME_PATH as PATH
from qwen_asr_widgets.client.keys import Secret
from qwen_asr_widgets.errors import EndpointError
from qwen_asr_widgets.service.operation.access import (
    HEALTH, METRICS, Access, read_keys, refuse_handshake, tls_context,
)
from qwen_asr_widgets.service.server import requested_model

GOOD = {"Host": "127.0.0.1:4711", "Authorization": "Bearer right"}


def status(target=PATH, access=Access("127.0.0.1", (Secret("right"), Secret("also right"))), **headers):
    refused = refuse_handshake(target, {**GOOD, **headers}, access, 4711)
    return None if refused is None else int(refused.status)


def test_the_right_key_on_this_machine_is_let_in():
    assert status() is None
    assert status(f"{PATH}?model=x", Host="localhost:4711", Origin="http://127.0.0.1:4711") is None
    assert status(Host="[::1]:4711") is None


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Bearer ", "right", "Basic right", "Bearer \u00fc"])
def test_a_wrong_key_is_401(given):
    assert status(Authorization=given) == 401


def test_a_wrong_path_is_404():
    assert status("/") == status(PATH + "/more") == 404


@pytest.mark.parametrize("host", [
    "evil.org:4711", "127.0.0.1.evil.org:4711", "127.0.0.1:80", "192.168.0.7:4711", "", "127.0.0.1:x",
])
def test_a_host_that_is_not_this_service_is_403(host):
    assert status(Host=host) == 403


def test_the_port_that_goes_with_the_scheme_may_be_left_out():
    tls = Access.by_key("right", tls=ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
    plain = Access.by_key("right")
    for access, port, refused in ((tls, 443, False), (tls, 80, True), (plain, 80, False)):
        answer = refuse_handshake(PATH, {**GOOD, "Host": "localhost"}, access, port)
        assert (answer is not None) == refused


@pytest.mark.parametrize("origin", [
    "https://evil.org", "null", "http://localhost:8888", "http://127.0.0.1.evil.org:4711", "",
])
def test_a_page_of_another_origin_is_403(origin):
    assert status(Origin=origin) == 403


def test_the_model_is_the_one_asked_for():
    assert requested_model(f"{PATH}?model=m%2D1&x=2") == "m-1"
    assert requested_model(PATH) == "qwen3-asr-flash-realtime"


# ---- a service that other machines reach

PUBLIC = Access("0.0.0.0", (Secret("right"),))


def test_each_of_several_keys_opens_and_none_else():
    assert status(Authorization="Bearer also right") is None
    assert status(Authorization="Bearer right also") == 401


def test_only_the_health_page_needs_no_key():
    assert status(HEALTH, Authorization="") is None and status(HEALTH, Host="evil.org") == 403
    assert status(METRICS, Authorization="") == 401 and status(METRICS) is None


def test_a_public_service_has_any_name_and_pages_of_that_name_alone():
    assert status(access=PUBLIC, Host="class.example:443") is None
    assert status(access=PUBLIC, Host="class.example", Origin="https://class.example") is None
    assert status(access=PUBLIC, Host="class.example", Origin="https://evil.org") == 403
    assert status(access=PUBLIC, Host="class.example", Authorization="Bearer wrong") == 401


@pytest.mark.parametrize(("with_file", "with_tls"), [(False, False), (True, False), (False, True)])
def test_no_service_listens_to_other_machines_without_keys_and_tls(tmp_path, with_file, with_tls):
    file = tmp_path / "keys"
    file.write_text("k" * 16)
    file.chmod(0o600)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    make, given = (Access.by_file, str(file)) if with_file else (Access.by_key, "k" * 16)
    with pytest.raises(EndpointError, match="not on '0.0.0.0', unless it has a certificate .* and a file"):
        make(given, "0.0.0.0", tls if with_tls else None)
    assert make(given).is_public is False
    assert Access.by_file(str(file), "0.0.0.0", tls).is_public is True


def test_a_file_of_keys_is_read_and_must_be_private(tmp_path):
    file = tmp_path / "keys"
    file.write_text("# the class of May\n\n  first-key-0123456789 \nsecond-key-0123456789\n")
    file.chmod(0o600)
    assert [key.reveal() for key in read_keys(str(file))] == ["first-key-0123456789", "second-key-0123456789"]
    file.chmod(0o644)
    with pytest.raises(EndpointError, match="Others may read the file of keys .* chmod 600"):
        read_keys(str(file))


@pytest.mark.parametrize(("text", "said"), [
    ("", "needs one key a line"), ("short\n", "each of 16 characters"),
    (None, "cannot be read: No such file or directory\\."),
    ("Schl\u00fcssel-0123456789", "letters that HTTP does not carry"),
])
def test_a_file_of_keys_that_is_none_is_refused_without_repeating_it(tmp_path, text, said):
    file = tmp_path / "keys"
    if text is not None:
        file.write_text(text)
        file.chmod(0o600)
    with pytest.raises(EndpointError, match=said) as caught:
        read_keys(str(file))
    assert "short" not in str(caught.value)


def test_a_certificate_that_is_none_is_refused(tmp_path):
    (tmp_path / "cert.pem").write_text("nothing")
    with pytest.raises(EndpointError, match="cannot be used"):
        tls_context(str(tmp_path / "cert.pem"), str(tmp_path / "cert.pem"))
