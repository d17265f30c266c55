"""A client may connect with the key, from this machine, and from no page of another site."""

from __future__ import annotations

import pytest

from qwen_asr_widgets.service.server import PATH, refuse_handshake, requested_model

GOOD = {"Host": "127.0.0.1:4711", "Authorization": "Bearer right"}


def status(target=PATH, **headers):
    refused = refuse_handshake(target, {**GOOD, **headers}, "right", 4711)
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


@pytest.mark.parametrize("origin", [
    "https://evil.org", "null", "http://localhost:8888", "http://127.0.0.1.evil.org:4711", "",
])
def test_a_page_of_another_origin_is_403(origin):
    assert status(Origin=origin) == 403


def test_the_model_is_the_one_asked_for():
    assert requested_model(f"{PATH}?model=m%2D1&x=2") == "m-1"
    assert requested_model(PATH) == "qwen3-asr-flash-realtime"
