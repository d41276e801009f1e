"""Who is told, and what is said where nobody could be: never the webhook's address."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.errors import ConfigurationError
from checks.rollback.notification import Message, Notification, NotificationError
from checks.substitution import Names
from tests.checks.rollback.webhook import webhook
from tests.checks.running import checklist, conducted, stage, told, write

MESSAGE = Message("rollback_finished", "v2 was rolled back to v1", "r1", {"release": "v2", "lost": {"rows": 3}})
SAVES = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"


def test_a_webhook_is_sent_the_text_and_the_facts_with_a_key_to_know_it_by(tmp_path: Path) -> None:
    with webhook() as hook:
        Notification(webhook=hook.url).send(MESSAGE, tmp_path)
    assert hook.seen == [
        {
            "event": "rollback_finished",
            "text": "v2 was rolled back to v1",
            "key": "r1",
            "release": "v2",
            "lost": {"rows": 3},
        }
    ]
    assert hook.keys == ["r1"]


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_what_a_webhook_answers_counts(tmp_path: Path, status: int) -> None:
    with webhook() as hook:
        hook.status = status
        if status == 204:
            Notification(webhook=hook.url).send(MESSAGE, tmp_path)
        else:
            with pytest.raises(NotificationError, match=f"^the webhook was not told: it answered with status {status}"):
                Notification(webhook=hook.url).send(MESSAGE, tmp_path)
    assert len(hook.seen) == 1


def test_an_address_that_leads_nowhere_is_not_repeated(tmp_path: Path) -> None:
    with webhook() as hook:
        url = hook.url
    with pytest.raises(NotificationError) as raised:
        Notification(webhook=url).send(MESSAGE, tmp_path)
    assert "no connection" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__
    with pytest.raises(NotificationError, match="its address is none"):
        Notification(webhook="http://127.0.0.1:x/").send(MESSAGE, tmp_path)


def test_a_command_gets_the_message_on_its_input(tmp_path: Path) -> None:
    got = tmp_path / "got.json"
    Notification(command=(sys.executable, "-c", SAVES, str(got))).send(MESSAGE, tmp_path)
    assert json.loads(got.read_bytes())["text"] == "v2 was rolled back to v1"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("no-such-program",), "no-such-program command not found: no-such-program"),
        ((sys.executable, "-c", "import sys; sys.exit('nobody is there')"), "ended with 1: nobody is there"),
        ((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), "ended with SIGKILL"),
    ],
)
def test_a_command_that_fails_is_told(tmp_path: Path, command: tuple[str, ...], why: str) -> None:
    with pytest.raises(NotificationError) as raised:
        Notification(command=command).send(MESSAGE, tmp_path)
    assert why in str(raised.value)


def test_a_wish_to_stop_is_honoured(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    for each in (Notification(webhook="http://127.0.0.1:9"), Notification(command=("true",))):
        with pytest.raises(NotificationError, match="stopped before"):
            each.send(MESSAGE, tmp_path, stop)


def test_names_are_filled_in(tmp_path: Path) -> None:
    names = Names({"program": "page"}, {"HOOK": "https://chat.example/hook"}, tmp_path)
    assert Notification(webhook="${env:HOOK}").resolved(names).webhook == "https://chat.example/hook"
    assert Notification(command=("${program}", "now")).resolved(names).command == ("page", "now")
    with pytest.raises(NotificationError, match=r"\$\{env:NONE\} is not set"):
        Notification(webhook="${env:NONE}").resolved(names)
    with pytest.raises(NotificationError, match=r"no address of http or https$"):
        Notification(webhook="${program}").resolved(names)


@pytest.mark.parametrize("fields", [{}, {"webhook": "https://x", "command": ["y"]}, {"webhook": "x"}, {"command": []}])
def test_it_says_one_way_and_a_sound_one(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Notification.model_validate(fields)


def test_a_checklist_names_it_and_a_mistake_has_its_line(tmp_path: Path, plugin: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a")), rollback={"notify": {"webhook": "${env:NOT_SET_HERE}"}}))
    assert conducted(path).record.verdict == "GO"
    path = write(tmp_path, checklist(stage(told("a")), rollback={"notify": {"webhok": "x"}}))
    with pytest.raises(ConfigurationError, match="unknown key 'webhok'; did you mean 'webhook'"):
        conducted(path)
