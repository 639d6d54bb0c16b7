"""Airflow connections as the environment holds them: every spelling that Airflow itself writes or reads gives the same."""

import pytest

from mandegar.errors import SourceError
from mandegar.sources.connections import connection

KEYS = {"login": "ana", "password": "p/w@1", "project": "7"}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://ana:p%2Fw%401@api.acme.example/v1?project=7", "https://api.acme.example/v1"),
        ("http://https://ana:p%2Fw%401@api.acme.example%2Fv1/?project=7", "https://api.acme.example/v1"),  # as Airflow writes it
        ("http://ana:p%2Fw%401@api.acme.example:8443?project=7", "https://api.acme.example:8443"),  # no secret in the open by default
        ("http://ana:p%2Fw%401@127.0.0.1:8000/v1?project=7", "http://127.0.0.1:8000/v1"),
        ("http://ana:p%2Fw%401@/?__extra__=%7B%22project%22%3A%207%7D", None),
        ('{"host": "api.acme.example", "login": "ana", "password": "p/w@1", "extra": {"project": 7}}', "https://api.acme.example"),
        (
            '{"host": "http://api.acme.example", "port": 8000, "login": "ana", "password": "p/w@1", "extra": "{\\"project\\": 7}"}',
            "http://api.acme.example:8000",
        ),
        ('{"host": null, "schema": null, "port": null, "login": "ana", "password": "p/w@1", "extra": {"project": "7"}}', None),
    ],
)
def test_a_connection_is_read_in_every_spelling(monkeypatch: pytest.MonkeyPatch, given: str, url: str | None) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ACME", given)
    found = connection("acme", "crm.customer")
    assert (found.url, found.values) == (url, KEYS)


def test_a_connection_does_not_show_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ACME", "https://ana:hidden@api.acme.example")
    assert repr(connection("acme", "crm.customer")) == "Connection(name='acme', url='https://api.acme.example')"


def test_a_connection_that_cannot_be_read_is_told_without_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ACME", '{"password": "hidden"')
    with pytest.raises(SourceError, match=r"the connection 'acme' cannot be read\. Write AIRFLOW_CONN_ACME as a URI") as caught:
        connection("acme", "crm.customer")
    assert "hidden" not in str(caught.value)
