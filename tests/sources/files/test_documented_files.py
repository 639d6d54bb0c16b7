"""The example of surveys and mails in docs/sources/files.md runs as it stands."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mandegar.compute import engine as engines
from mandegar.config import company as companies
from mandegar.conform.conform import conformed
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, validate_stage
from mandegar.storage.home import Home

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "files.md"
ANSWERS = """Response ID,account,email,How likely are you to recommend us?,Why?,Submitted at
r1,a,sara@example.com,۹,"خوب، ولی گران",2026-03-02 10:00
r2,a,ali@example.com,3,,2026-03-03 11:30
"""
EVENTS = (
    {"sg_event_id": "e1", "customer_id": "a", "event": "open", "timestamp": 1772445600, "category": "spring"},
    {"sg_event_id": "e2", "customer_id": "a", "event": "processed", "timestamp": 1772445600},
    {"sg_event_id": "e3", "customer_id": "nobody", "event": "bounce", "timestamp": 1772445600},
)


def test_answers_of_a_form_and_events_of_a_mail_provider(
    make_company: Callable[..., Path], s3: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    more = example.replace("  mails:\n    kind: files\n", "  mails:\n    kind: files\n    connection: store\n")
    more += "  own:\n    kind: files\n    tables: {customer: {file: customer.csv}, invoice: {file: invoice.csv}}\n"
    files = {
        "answers.csv": ANSWERS,
        "customer.csv": "customer_id,name,signed_up_at\na,Ada,2026-01-01\n",
        "invoice.csv": "invoice_id,customer_id,kind,issued_at,net_amount,currency\n1,a,one_off,2026-01-01,5,USD\n",
    }
    connection, client = s3
    client.create_bucket(Bucket="mail-events")
    body = gzip.compress("".join(json.dumps(event) + "\n" for event in EVENTS).encode())
    client.put_object(Bucket="mail-events", Key="events.jsonl.gz", Body=body)
    monkeypatch.setenv("AIRFLOW_CONN_STORE", connection)
    folder = make_company(files, more=more, time_zone="UTC", churn="{kind: inactivity, days: 90}")
    night = Night(companies.load(folder), Home(folder.parent / "home"), date(2026, 3, 10))
    for table in map(str, night.company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    with engines.start() as engine:
        answers, touches = (
            engine.arrow(conformed(night.lake, engine, name, night.as_of)).to_pylist() for name in ("survey", "interaction")
        )
    assert sorted((row["response_id"], row["respondent_id"], row["score"], row["comment"]) for row in answers) == [
        ("r1", "sara@example.com", 9, "خوب، ولی گران"),
        ("r2", "ali@example.com", 3, None),
    ]
    assert [(row["interaction_id"], row["kind"], row["campaign_id"], str(row["occurred_at"])) for row in touches] == [
        ("e1", "opened", "spring", "2026-03-02 10:00:00+00:00")
    ]
