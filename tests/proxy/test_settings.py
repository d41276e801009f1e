"""A bad value stops the start with one message; nothing is guessed, stripped or folded."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import StartError
from proxy.safety import Threshold
from proxy.settings import Settings, described, read_settings


def test_defaults_are_the_originals_names_with_safe_values() -> None:
    settings = read_settings()

    assert settings.safety_threshold is Threshold.MEDIUM
    assert (settings.cache_backend, settings.cache_max_size_mb, settings.cache_ttl_seconds) == ("filesystem", 500, 7200)
    assert settings.home == Path.home() / ".image-proxy"
    assert (settings.host, settings.port, settings.instance_name) == ("127.0.0.1", 8045, "127.0.0.1:8045")
    assert settings.client_keys() == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GEMINI_IMAGE_SAFETY_THRESHOLD", "medium"),
        ("IMAGE_PROXY_SAFETY_FLOOR", "low"),
        ("IMAGE_PROXY_SAFETY_FLOOR", "HIGH"),
        ("GEMINI_IMAGE_SAFETY_THRESHOLD", "MEDIUM "),
        ("GEMINI_IMAGE_SAFETY_THRESHOLD", ""),
        ("CACHE_BACKEND", "Filesystem"),
        ("CACHE_BACKEND", "Redis"),
        ("IMAGE_PROXY_CACHE_SHARED", "yes"),
        ("IMAGE_PROXY_CACHE_MEMORY_MB", "-1"),
        ("IMAGE_PROXY_ACCOUNT_CONCURRENCY", "0"),
        ("CACHE_MAX_SIZE_MB", "0"),
        ("CACHE_MAX_SIZE_MB", "-1"),
        ("CACHE_MAX_SIZE_MB", "1.5"),
        ("CACHE_MAX_SIZE_MB", "5_00"),
        ("CACHE_MAX_SIZE_MB", "500MB"),
        ("CACHE_TTL_SECONDS", " 60"),
        ("CACHE_TTL_SECONDS", "+60"),
        ("CACHE_TTL_SECONDS", ""),
        ("IMAGE_PROXY_HOME", ""),
        ("IMAGE_PROXY_PORT", "65536"),
        ("IMAGE_PROXY_HOST", ""),
        ("IMAGE_PROXY_UPSTREAM", "ftp://upstream.test"),
        ("IMAGE_PROXY_UPSTREAM", "upstream.test"),
        ("IMAGE_PROXY_UPSTREAM", "http://user@upstream.test"),
        ("IMAGE_PROXY_UPSTREAM", "http://upstream.test?key=1"),
        ("IMAGE_PROXY_UPSTREAM", "http://upstream.test/a b"),
        ("IMAGE_PROXY_PROMPT_ENHANCEMENT", "on"),
        ("IMAGE_PROXY_INSTANCE", "one two"),
        ("IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS", "0.5"),
        ("IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS", "591"),
        ("IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS", "nan"),
        ("IMAGE_PROXY_UPSTREAM_TIMEOUT_SECONDS", "1e2"),
        ("IMAGE_PROXY_MAX_BODY_MB", "0"),
        ("IMAGE_PROXY_MAX_PROMPT_CHARACTERS", "many"),
    ],
)
def test_bad_value_is_refused_with_its_name_value_and_what_is_allowed(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(StartError) as refusal:
        read_settings()

    message = str(refusal.value)
    assert message.startswith(f"{variable} is {value!r}")
    assert described()[variable] in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.0.0.1",
        "redis://",
        "redis://:secret@host/first",
        "redis://host:x",
        "unix://",
        "redis://host?db=1",
    ],
)
def test_address_of_redis_is_checked_and_never_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_REDIS_URL", url)

    with pytest.raises(StartError, match=r"^IMAGE_PROXY_REDIS_URL is \(not shown\), which is not allowed") as refusal:
        read_settings()

    assert "secret" not in str(refusal.value)


def test_address_of_redis_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_BACKEND", "redis")
    monkeypatch.setenv("IMAGE_PROXY_REDIS_URL", "rediss://user:a-secret-word@cache.test:6380/2")

    settings = read_settings()

    assert settings.effective()["IMAGE_PROXY_REDIS_URL"] == "rediss://cache.test:6380/2"
    assert "a-secret-word" not in f"{settings!r}{settings.effective()}"


@pytest.mark.parametrize("value", ["one,,two", "one,", "with blank", "one, two", "käse"])
def test_bad_keys_are_refused_and_never_shown(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_API_KEYS", value)

    with pytest.raises(StartError, match="IMAGE_PROXY_API_KEYS is \\(not shown\\)") as refusal:
        read_settings()

    assert value not in str(refusal.value)


def test_all_bad_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", "soon")
    monkeypatch.setenv("IMAGE_PROXY_PORT", "none")
    monkeypatch.setenv("IMAGE_PROXY_PROT", "8045")

    with pytest.raises(StartError) as refusal:
        read_settings()

    assert len(str(refusal.value).splitlines()) == 3


def test_unknown_variable_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_HOEM", "/tmp")

    with pytest.raises(StartError, match=r"IMAGE_PROXY_HOEM is not a setting.*did you mean IMAGE_PROXY_HOME"):
        read_settings()


def test_unknown_variable_like_no_other_gets_no_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_X", "1")

    with pytest.raises(StartError) as refusal:
        read_settings()

    assert "IMAGE_PROXY_X is not a setting of the proxy" in str(refusal.value)


def test_clients_variable_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_API_KEY", "a-client-key")

    assert "a-client-key" not in str(read_settings().effective())


def test_names_of_fields_are_no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("port", "1")
    monkeypatch.setenv("home", "/nowhere")

    assert read_settings() == Settings()


def test_flags_override_the_environment_and_are_checked_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_PORT", "1")
    monkeypatch.setenv("IMAGE_PROXY_HOST", "0.0.0.0")

    settings = read_settings({"IMAGE_PROXY_PORT": "9000", "IMAGE_PROXY_HOST": None})

    assert (settings.port, settings.host) == (9000, "0.0.0.0")
    with pytest.raises(StartError, match="IMAGE_PROXY_PORT is '99999'"):
        read_settings({"IMAGE_PROXY_PORT": "99999"})


def test_home_is_expanded_and_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert read_settings({"IMAGE_PROXY_HOME": "here"}).home == tmp_path / "here"
    assert read_settings({"IMAGE_PROXY_HOME": "~/there"}).home == Path.home() / "there"


def test_effective_values_are_text_by_variable_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_PROXY_API_KEYS", "a-secret-key,other")
    monkeypatch.setenv("IMAGE_PROXY_INSTANCE", "blue-1")

    settings = read_settings()

    effective = settings.effective()
    assert set(effective) == set(described()) - {"IMAGE_PROXY_API_KEYS"}
    assert (effective["GEMINI_IMAGE_SAFETY_THRESHOLD"], effective["CACHE_TTL_SECONDS"]) == ("MEDIUM", "7200")
    assert effective["IMAGE_PROXY_INSTANCE"] == "blue-1"
    assert settings.client_keys() == ("a-secret-key", "other")
    assert "a-secret-key" not in repr(settings)


def test_every_setting_is_described() -> None:
    assert all(len(text) > 20 and text.endswith(".") for text in described().values())


def test_upstream_loses_its_last_slash() -> None:
    assert read_settings({"IMAGE_PROXY_UPSTREAM": "http://upstream.test/base/"}).upstream == "http://upstream.test/base"
