"""A company file that cannot be used: the message names file, line, key, what was found and the mend; exit code 1."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mandegar.cli.main import main
from mandegar.errors import CompanyError
from mandegar.storage.home import Home

SHORT = "name: Acme\ntime_zone: Asia/Tehran\ncurrency: USD\nlocale: en\nchurn: {kind: contract}\n"
SQL = (
    "sources:\n  crm:\n    kind: sql\n    url: {url}\n    tables:\n      customer: {{table: customer}}\n      subscription: {{table: s}}\n"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SHORT.replace("currency", "curency"), "company.yaml, line 3: curency: there is no such key. Did you mean `currency`?"),
        (SHORT.replace("kind: contract", "kid: contract"), "company.yaml, line 5: churn.kid: there is no such key. Did you mean `kind`?"),
        (SHORT.replace("currency: USD\n", ""), "company.yaml, line 1: currency: is missing. Add it."),
        (
            SHORT.replace("Asia/Tehran", "Asia/Teheran"),
            "company.yaml, line 2: time_zone: found 'Asia/Teheran', which is not a time zone. "
            "Write an IANA name such as Asia/Tehran or UTC.",
        ),
        (
            SHORT.replace("USD", "Rial"),
            "company.yaml, line 3: currency: found 'Rial'. Write the three letters of ISO 4217 such as IRR, EUR or USD.",
        ),
        (SHORT.replace("locale: en", "locale: de"), "company.yaml, line 4: locale: found 'de'. Write 'en', 'fa'."),
        (SHORT.replace("contract", "feeling"), "company.yaml, line 5: churn.kind: found 'feeling'. Write 'contract', 'inactivity'."),
        (SHORT + "name: Acme again\n", "company.yaml, line 6: name: is written a second time. Remove one of the two."),
        (
            SHORT + SQL.format(url="postgresql://reader:secret@db.example/crm"),
            "company.yaml, line 7: sources.crm: the URL holds a password. "
            "Put it in an Airflow connection and name that under `connection:`.",
        ),
        (
            SHORT + SQL.format(url="sqlite:///crm.db").replace("customer: {table", "client: {table"),
            "company.yaml, line 11: sources.crm.tables.client: there is no entity 'client'. Known: customer, subscription, invoice, "
            "invoice_line, payment, ticket, survey, usage, interaction, fx_rate, spend.",
        ),
        (
            SHORT + "sources:\n  files:\n    kind: files\n    tables:\n      customer: {file: a.csv, columns: {nom: name}}\n",
            "company.yaml, line 10: sources.files.tables.customer: columns: customer has no column 'nom'.",
        ),
        (
            SHORT + "sources:\n  files:\n    kind: files\n    options: {delimiter: ;}\n    tables:\n      customer: {file: a.csv}\n",
            "company.yaml, line 7: sources.files: options: files has no 'delimiter'. It has: none.",
        ),
        ("name: [Acme\n", "company.yaml: not readable as YAML:"),
        ("Acme\n", "company.yaml: holds str, not keys and values. Begin with a line such as `name: Acme`."),
        (SHORT.replace("Acme", "Café").encode("latin-1"), "company.yaml: is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_line_key_and_mend(place, content, message):
    place.write("company.yaml", content)
    result = place.run("check")
    assert result.exit_code == 1
    assert f"error: {message}" in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output


def test_every_mistake_is_named_at_once(place):
    place.write("company.yaml", SHORT.replace("USD", "Rial").replace("name:", "nmae:"))
    lines = place.run("check").stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["company.yaml, line 1", "company.yaml, line 3", "company.yaml, line 1"]


def test_a_folder_without_company_yaml_is_told_what_to_write(place):
    (place.company / "company.yaml").unlink()
    result = place.night()
    assert result.exit_code == 1
    assert f"error: {place.company}/company.yaml: there is no such file. Write one; docs/company.md shows the shortest" in result.stderr


def test_a_folder_that_is_not_there_is_told_how_to_get_one(place, tmp_path):
    result = type(place)(tmp_path / "nowhere", place.home).night()
    assert result.exit_code == 1
    assert "nowhere: there is no such folder. `mandegar sample --out" in result.stderr


def test_two_files_for_one_entity_are_not_chosen_from(place):
    place.write("company.yaml", SHORT)
    place.write("customer.jsonl", "{}\n")
    result = place.night()
    assert result.exit_code == 1
    assert "both customer.csv and customer.jsonl are there. Remove one, or name it under sources." in result.stderr


def test_a_folder_without_any_entity_s_file_is_told_which_to_put_there(place):
    place.write("company.yaml", SHORT)
    for file in place.company.glob("*.csv"):
        file.unlink()
    result = place.night()
    assert result.exit_code == 1
    assert "no file beside it bears an entity's name. Put customer.csv and subscription.csv there, or write sources." in result.stderr


def test_churn_by_contract_needs_subscriptions(place):
    place.write("company.yaml", SHORT)
    (place.company / "subscription.csv").unlink()
    result = place.night()
    assert result.exit_code == 1
    assert "churn.kind is contract, which needs the entity subscription, and no source gives it. Put subscription.csv" in result.stderr


def test_a_campaign_file_that_cannot_be_used_stops_the_night_before_it_begins(place):
    (place.company / "campaigns").mkdir()
    place.write("campaigns/spring.yaml", "id: spring\n")
    result = place.night()
    assert result.exit_code == 1
    assert "error: campaigns/spring.yaml, line 1: title: is missing. Add it." in result.stderr
    assert place.published() == ["2025-03-30"]


@pytest.mark.parametrize("command", ["night", "summary"])
def test_a_day_that_is_no_day_is_refused(place, command):
    result = place.run(command, "--as-of", "31/03/2025")
    assert result.exit_code == 2
    assert "'31/03/2025' is not a day. Write it as 2026-10-31, in the Gregorian calendar." in result.stderr


def test_a_day_that_is_not_over_is_refused(place):
    result = place.run("night", "--as-of", "2999-12-31")
    assert result.exit_code == 1
    assert "error: as_of 2999-12-31 is not over yet: in Asia/Tehran it is " in result.stderr
    assert place.published() == ["2025-03-30"]


def test_the_summary_of_a_night_that_was_not_run_is_refused(place):
    result = place.run("summary", "--as-of", "2025-03-29")
    assert result.exit_code == 1
    assert "error: The night of 2025-03-29 is not in the warehouse. Run `mandegar night --as-of 2025-03-29` first." in result.stderr


def test_a_home_takes_one_company_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.belongs_to("Acme")
    home.belongs_to("Acme")
    with pytest.raises(CompanyError, match="belongs to Acme, not to Nimruz"):
        home.belongs_to("Nimruz")


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompanyError, match=r"file: cannot be written .*Choose another folder by --home"):
        Home(tmp_path / "file").belongs_to("Acme")


def test_a_jalali_date_for_a_day_is_told_apart(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["night", "--company", str(tmp_path), "--as-of", "1404-04-30"])
    assert result.exit_code == 2
    assert "1404-04-30 lies before 1900. Write the day in the Gregorian calendar" in result.stderr
