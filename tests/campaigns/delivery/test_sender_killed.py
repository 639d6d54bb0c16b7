"""A sender killed at every step, two at once: what arrives arrives once, and what nobody can know is told to be uncertain."""

import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import pytest
import sqlalchemy as sa
from killed_sender import deliver
from tests import forked

from mandegar.campaigns.delivery import outbox

pytestmark = pytest.mark.slow

MAIL = json.dumps({"email": {"connection": "mail", "sender": "hello@acme.example"}})
SMS = json.dumps({"sms": {"gateway": "generic", "connection": "gateway"}})
TASKS = json.dumps({"task": {"gateway": "sql", "connection": "crm", "table": "task", "columns": {"id": "id", "subject": "subject"}}})
STEPS = 14  # of two messages: claim, and for each mark, hand over, mark, all before and after; claim again
FEW = (3, 5, 6, 7, 8, 11)
CHOSEN = range(1, STEPS + 1) if os.environ.get("MANDEGAR_CHAOS") == "all" else FEW
OF_TASKS = range(1, 13) if os.environ.get("MANDEGAR_CHAOS") == "all" else (4, 5, 8)  # handing over is no step of its own


@pytest.fixture
def sender(tmp_path: Path) -> Callable[..., int | None]:
    """Runs a sender to its end; gives its steps, or None if it was killed."""

    def run(url: str, file: str, kill_at: int = 0, minutes: int = 0) -> int | None:
        folder = Path(mkdtemp(dir=tmp_path))
        code, said = forked.run(folder, deliver, url, file, kill_at, minutes)
        assert code in (0, -9), said
        return int(said) if code == 0 else None

    return run


@pytest.fixture
def url(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@pytest.mark.parametrize("warehouse_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kill_at", CHOSEN)
def test_a_mail_is_never_sent_twice_and_never_lost_in_silence(sender, url, queued, mailbox, states, kill_at):
    """SMTP knows no keys: killed between the last word before the mail and the note that it was taken, it is uncertain."""
    queued(2)
    assert sender(url, MAIL, kill_at) is None
    assert sender(url, MAIL, minutes=10) is not None
    arrived = Counter(mail["Message-ID"] for mail in mailbox.mails)
    assert set(arrived.values()) <= {1}
    assert set(states().values()) <= {"sent", "uncertain"}
    assert list(states().values()).count("uncertain") <= 1
    for number, state in ((1, states()["c1"]), (2, states()["c2"])):
        if state == "sent":
            assert arrived[f"<{number:040x}@mandegar>"] == 1


@pytest.mark.parametrize("warehouse_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kill_at", CHOSEN)
def test_a_gateway_that_knows_keys_takes_each_message_once(sender, url, queued, gateway, states, kill_at):
    queued(2, channel="sms")
    assert sender(url, SMS, kill_at) is None
    assert sender(url, SMS, minutes=10) is not None
    assert gateway.keys == {f"{1:040x}", f"{2:040x}"}
    assert states() == {"c1": "sent", "c2": "sent"}


@pytest.mark.parametrize("warehouse_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kill_at", OF_TASKS)
def test_a_task_stands_in_the_companys_table_once(sender, url, queued, states, tmp_path, monkeypatch, kill_at):
    """Also where it was written, and the sender died before it could note so."""
    monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps({"extra": {"url": f"sqlite:///{tmp_path}/crm.db"}}))
    database = sa.create_engine(f"sqlite:///{tmp_path}/crm.db", poolclass=sa.NullPool)
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE task (number INTEGER PRIMARY KEY, id TEXT UNIQUE, subject TEXT)"))
    queued(2, channel="task")
    assert sender(url, TASKS, kill_at) is None
    assert sender(url, TASKS, minutes=10) is not None
    with database.begin() as connection:
        found = connection.execute(sa.text("SELECT id FROM task ORDER BY number")).scalars().all()
    assert (sorted(found), states()) == ([f"{1:040x}", f"{2:040x}"], {"c1": "sent", "c2": "sent"})


@pytest.mark.parametrize("warehouse_url", ["sqlite"], indirect=True)
def test_a_whole_sending_has_as_many_steps_as_are_tried(sender, url, queued, mailbox):
    queued(2)
    assert sender(url, MAIL) == STEPS + 2


def test_two_senders_at_once_send_each_message_once(sender, url, queued, mailbox, states):
    queued(60)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: sender(url, MAIL), range(2)))
    assert Counter(mailbox.to) == {f"c{number}@example.com": 1 for number in range(1, 61)}
    assert set(states().values()) == {outbox.SENT}
