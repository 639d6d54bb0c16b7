"""Alerts: what an owner reads, how often, and what becomes of a message that could not be handed over."""

from datetime import date
from email.message import EmailMessage

import pytest
from pytest_httpserver import HTTPServer

from mandegar.errors import MandegarError, SourceError
from mandegar.warehouse.connect import warehouse, writing
from mandegar.warehouse.tables import campaign_result, model_health

FIRST, SECOND, THIRD = date(2025, 3, 29), date(2025, 3, 30), date(2025, 3, 31)
BAD = "2025-01-03,ads,ten,USD\n"
WORSE = "2025-01-04,ads,eleven,USD\n"


def text(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def test_a_mail_says_what_how_many_since_when_and_what_to_do(acme, mailbox):
    acme.night(FIRST)
    acme.night(SECOND, spend=BAD)
    mailbox.mails.clear()
    assert acme.night(THIRD, spend=BAD) == ({"mail": 1}, [])
    [mail] = mailbox.mails
    assert (mail["Subject"], mailbox.to[-1]) == ("Acme 2025-03-31: 1 finding in 1 table", ["data@acme.example"])
    told = text(mail)
    assert "Data team, on the night of 2025-03-31 this was found in your tables:" in told
    assert (
        "* files.spend  amount: is not a number (of at most 18 digits)  [amount_readable]\n"
        "  how many: 1 of 3, held back\n"
        "  since the night of 2025-03-30\n"
        "  what to do: Correct it in the source, or read it by an expression in the mapping.\n"
    ) in told


def test_a_good_night_sends_nothing(acme, mailbox):
    assert acme.night(FIRST) == ({}, [])
    assert (mailbox.mails, acme.sent()) == ([], [])


def test_the_same_night_again_sends_nothing_more(acme, mailbox):
    assert [acme.night(FIRST, spend=BAD)[0], acme.night(FIRST, spend=BAD)[0]] == [{"mail": 1}, {}]
    assert (len(mailbox.mails), acme.sent()) == (1, [(FIRST, "Data team", "mail", 1)])


def test_the_same_night_with_other_findings_is_told(acme, mailbox):
    acme.night(FIRST, spend=BAD)
    acme.night(FIRST, spend=BAD + WORSE)
    assert "how many: 2 of 4, held back" in text(mailbox.mails[1])


def test_no_message_shows_a_row_s_value(acme, mailbox):
    acme.night(FIRST, customer="c2,Ali,2025-01-01,no mail\n", spend=BAD)
    assert "email_shape" in text(mailbox.mails[0])
    assert not any(secret in text(mailbox.mails[0]) for secret in ("no mail", "Ali", "ten"[:3] + ","))


def test_a_persian_company_reads_persian_and_its_own_calendar(acme, mailbox):
    acme.locale, acme.calendar = "fa", "jalali"
    acme.night(THIRD, spend=BAD)
    [mail] = mailbox.mails
    assert mail["Subject"] == "Acme \u2066۱۴۰۴-۰۱-۱۱\u2069: ۱ مورد در ۱ جدول"
    told = text(mail)
    assert "چند تا: ۱ از ۳، در قرنطینه" in told
    assert "چه باید کرد: در منبع درستش کنید یا در نگاشت با عبارتی بخوانیدش." in told


def test_the_persian_mail_is_set_from_right_to_left_and_what_people_wrote_is_no_markup(acme, mailbox):
    acme.locale = "fa"
    acme.quality = "all: {owner: {name: <b>Data</b>, mail: data@acme.example}}\n"
    acme.night(THIRD, spend=BAD)
    html = text(mailbox.mails[0], "html")
    assert '<html lang="fa" dir="rtl">' in html
    assert "&lt;b&gt;Data&lt;/b&gt;" in html and "<b>Data" not in html
    assert "عددی با حداکثر ۱۸ رقم نیست" in html


def test_a_message_shows_no_cell_of_a_table_that_broke(acme, mailbox):
    acme.quality += "tables: {files.spend: {refused_at_most: 0.1}}\n"
    with pytest.raises(MandegarError, match="row 4: 'ten'"):
        acme.stages(FIRST, "files.spend", spend=BAD)
    acme.told(FIRST)
    assert "amount is not a number (of at most 18 digits) (row 4). Mend the export" in text(mailbox.mails[0])
    assert "ten" not in text(mailbox.mails[0]).split()


def test_an_owner_of_one_table_hears_of_that_table_alone(acme, mailbox):
    acme.quality = "entities:\n  spend: {owner: {name: Marketing, mail: ads@acme.example}}\n"
    acme.night(FIRST, customer="c2,Ali,2025-01-01,no mail\n", spend=BAD)
    assert mailbox.to == [["ads@acme.example"]]
    assert "customer" not in text(mailbox.mails[0])


def test_an_owner_may_hear_of_failures_alone(acme, mailbox):
    acme.quality = "all: {alert: fail, owner: {name: Data team, mail: data@acme.example}}\n"
    acme.night(FIRST, customer="c2,Ali,2025-01-01,no mail\n")
    assert mailbox.mails == []


def test_a_table_that_did_not_come_in_is_told_with_its_message(acme, mailbox):
    acme.stages(FIRST, "files.spend")
    folder = acme.folder()
    (folder / "spend.csv").write_text("day,channel,currency\n2025-01-01,ads,USD\n")
    from mandegar.config import company as companies
    from mandegar.pipeline.stages import Night, alert_stage, extract_stage

    night = Night(companies.load(folder), acme.home, SECOND)
    with pytest.raises(SourceError, match="has no column 'amount'"):
        extract_stage(night, "files.spend")
    alert_stage(night)
    told = text(mailbox.mails[0])
    assert "* files.spend  did not come in" in told
    assert "spend.csv: has no column 'amount', needed for spend.amount." in " ".join(told.split())


def test_what_a_server_refused_is_named_and_sent_the_next_time(acme, mailbox):
    mailbox.refuse = True
    sent, problems = acme.night(FIRST, spend=BAD)
    assert (sent, acme.sent()) == ({}, [])
    assert problems[0].startswith("mail to data@acme.example: 127.0.0.1:") and "mailbox busy" in problems[0]
    assert problems[0].endswith("Check the connection 'mandegar_smtp'.")
    mailbox.refuse = False
    assert acme.night(FIRST, spend=BAD)[0] == {"mail": 1}


def test_a_message_that_was_sent_but_not_written_down_has_the_same_id(acme, mailbox):
    """A process killed between the two: the owner's program can tell that it is the same."""
    import sqlalchemy as sa

    from mandegar.warehouse import tables
    from mandegar.warehouse.connect import warehouse

    acme.night(FIRST, spend=BAD)
    with warehouse(acme.home.warehouse_url) as target, target.begin() as connection:
        connection.execute(sa.delete(tables.quality_alert))
    acme.night(FIRST, spend=BAD)
    one, other = mailbox.mails
    assert one["Message-ID"] == other["Message-ID"]


def test_a_connection_that_nobody_made_is_named_and_stops_nothing(acme, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_MANDEGAR_SMTP", raising=False)
    [problem] = acme.night(FIRST, spend=BAD)[1]
    assert problem.startswith("mail to data@acme.example: the connection 'mandegar_smtp' is not known.")


HOOK = "all: {owner: {name: Data team, webhook: data_chat}}\n"


def test_a_webhook_gets_the_findings_for_a_program(acme, httpserver: HTTPServer, monkeypatch):
    httpserver.expect_request("/hook/s3cret", method="POST").respond_with_data("ok")
    monkeypatch.setenv("AIRFLOW_CONN_DATA_CHAT", httpserver.url_for("/hook/s3cret"))
    acme.quality = HOOK
    assert acme.night(FIRST, spend=BAD) == ({"webhook": 1}, [])
    [(request, _)] = httpserver.log
    told = request.get_json()
    assert told["text"].startswith("Acme 2025-03-29: 1 finding in 1 table")
    assert request.headers["Idempotency-Key"] == told["id"]
    found = {one["rule"]: one for one in told["findings"]}["amount_readable"]
    assert [found[name] for name in ("source", "severity", "status", "unexpected", "evaluated", "since")] == [
        "files.spend", "fail", "quarantined", 1, 3, "2025-03-29",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_named_without_its_address(acme, httpserver: HTTPServer, monkeypatch, status):
    httpserver.expect_request("/hook/s3cret").respond_with_data("no", status=status)
    monkeypatch.setenv("AIRFLOW_CONN_DATA_CHAT", httpserver.url_for("/hook/s3cret"))
    acme.quality = HOOK
    problems = acme.night(FIRST, spend=BAD)[1]
    assert problems == [f"webhook data_chat: answered {status}. Check the connection 'data_chat'."]


def test_a_webhook_that_is_down_is_named_without_its_address(acme, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_DATA_CHAT", "http://127.0.0.1:1/hook/s3cret")
    acme.quality = HOOK
    problems = acme.night(FIRST, spend=BAD)[1]
    assert problems == ["webhook data_chat: does not answer (ConnectionError). Check the connection 'data_chat'."]


def test_the_stage_fails_when_a_message_was_not_sent(acme, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_DATA_CHAT", "http://127.0.0.1:1/hook")
    acme.quality = HOOK
    acme.night(FIRST, spend=BAD)
    with pytest.raises(MandegarError, match="webhook data_chat: does not answer"):
        acme.told(FIRST)


CAMPAIGN = """id: spring
title: {en: Spring, fa: بهار}
owner: marketing
trigger: {every: night}
consent: contract
channel: email
limits: {contacts: 9, days: 30, cool_down_days: 1}
control: {share: 0.4}
goal: {is: pays, days: 15, stop_below: -0.02}
"""


@pytest.mark.parametrize(
    ("high", "odd", "told"),
    [
        (-0.03, 0.5, ("the campaign has stopped itself: surely fewer come to its goal than without it", "stopped_itself")),
        (-0.01, 0.5, ("fewer come to the campaign's goal than without it", "harms")),
        (0.2, 0.0001, ("something other than chance divided the campaign's groups: its result cannot be trusted", "sample_ratio")),
        (0.2, 0.5, None),
        (None, 0.5, None),
    ],
)
def test_a_campaign_that_harms_is_told(acme, mailbox, high, odd, told):
    acme.night(FIRST)
    folder = acme.folder()
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "campaigns" / "spring.yaml").write_text(CAMPAIGN, encoding="utf-8")
    row = {"campaign_id": "spring", "stage": "all", "segment": "all", "measure": "goal", "treated": 900, "control": 600, "high_any": high}
    with warehouse(acme.home.warehouse_url) as target, writing(target).begin() as connection:
        connection.execute(campaign_result.insert(), [row | {"as_of": night, "sample_ratio_p": odd} for night in (FIRST, SECOND)])
    acme.night(SECOND)
    if told is None:
        assert mailbox.mails == []
        return
    [mail] = mailbox.mails
    assert f"* campaign.spring  {told[0]}  [{told[1]}]\n" in text(mail)
    assert "since the night of 2025-03-29" in text(mail)


DRIFTED = {"measure": "score_drift", "name": "(score)", "value": 0.4, "limit_value": 0.25, "status": "failed", "detail": "the scores moved"}
LIVE = {"measure": "live", "name": "v1", "value": None, "limit_value": None, "status": "failed", "detail": "the scores moved"}
ONE_FEATURE = {"measure": "feature_drift", "name": "seats", "value": 0.3, "limit_value": 0.25, "status": "warned", "detail": None}
MANY = {"measure": "features_drifted", "name": "(all)", "value": 9.0, "limit_value": 8.0, "status": "warned", "detail": "9 features moved"}
FINE = DRIFTED | {"value": 0.1, "status": "ok", "detail": None}
MODEL = {
    "a check that failed is told, not the fall back to the health score beside it": (
        [LIVE, DRIFTED, ONE_FEATURE],
        ["* model  the night goes by the health score: the model cannot be trusted  [score_drift]", "  the scores moved"],
    ),
    "a damaged model": (
        [LIVE | {"detail": "the file is damaged"}],
        ["* model  the night goes by the health score: the model cannot be trusted  [live]", "  the file is damaged"],
    ),
    "many features drifted": ([FINE, MANY], ["* model  the model should be looked at  [features_drifted]", "  9 features moved"]),
    "one feature drifted": ([FINE, ONE_FEATURE], []),
}


@pytest.mark.parametrize("case", MODEL)
def test_what_is_wrong_with_the_model_is_told(acme, mailbox, case):
    rows, told = MODEL[case]
    acme.night(FIRST)
    with warehouse(acme.home.warehouse_url) as target, writing(target).begin() as connection:
        connection.execute(model_health.insert(), [row | {"as_of": SECOND, "model_version": "v1"} for row in rows])
    acme.night(SECOND)
    said = [line for mail in mailbox.mails for line in text(mail).splitlines()]
    assert [line for line in told if line not in said] == []
    assert sum(line.startswith("* model ") for line in said) == len(told) // 2


def test_since_when_the_model_is_wrong(acme, mailbox):
    """Wrong on the 28th, fine on the 29th, wrong again on the 30th and 31st."""
    nights = [(date(2025, 3, 28), DRIFTED), (FIRST, FINE), (SECOND, DRIFTED), (date(2025, 3, 31), DRIFTED)]
    acme.night(FIRST)
    with warehouse(acme.home.warehouse_url) as target, writing(target).begin() as connection:
        connection.execute(model_health.insert(), [row | {"as_of": night, "model_version": "v1"} for night, row in nights])
    acme.night(date(2025, 3, 31))
    assert "since the night of 2025-03-30" in text(mailbox.mails[-1])
