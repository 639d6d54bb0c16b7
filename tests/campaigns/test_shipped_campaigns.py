"""Every campaign that is shipped: read, checked, and run on a night of a made-up company, with messages for everyone in both languages."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from mandegar.campaigns import ledger
from mandegar.campaigns.audience.tonight import Tonight, tonight
from mandegar.campaigns.delivery.compose import messages
from mandegar.campaigns.delivery.settings import DeliveryFile
from mandegar.campaigns.file.load import DEFAULT, add, load, load_all
from mandegar.campaigns.messages import template
from mandegar.campaigns.run import decided
from mandegar.compute import engine
from mandegar.config import company as companies
from mandegar.errors import CampaignError
from mandegar.pipeline.stages import Night, conform_stage, extract_stage, score_stage, validate_stage
from mandegar.sample import write_sample
from mandegar.storage.home import Home
from mandegar.warehouse.connect import warehouse

NIGHT = date(2026, 3, 20)  # the day before Nowruz 1405
SHIPPED = sorted(file.stem for file in DEFAULT.glob("*.yaml"))
# yalda is on another day; the made-up company sells nothing by the piece, knows no birthdays, and no payment failed in these days
NOBODY = {"yalda", "cross_sell", "birthday", "payment_recovery"}  # tests/campaigns/moments has people for them
LINKS = "contacting: {links: {account: 'https://acme.example/a', billing: 'https://acme.example/b', help: 'https://acme.example/h'}}\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tonight]:
    """The night before Nowruz of a company of 800 customers."""
    home = Home(tmp_path_factory.mktemp("shipped"))
    folder = write_sample(home.root / "company", 800, 14, 5, NIGHT, "fa", lambda text: None, showing=False).out
    with (folder / "company.yaml").open("a", encoding="utf-8") as stream:
        stream.write(LINKS)
    company = companies.load(folder)
    night = Night(company, home, NIGHT)
    for table in map(str, company.tables()):
        extract_stage(night, table)
        validate_stage(night, table)
    conform_stage(night)
    score_stage(night)
    with warehouse(home.warehouse_url) as target, engine.start("duckdb") as computing:
        yield tonight(company, night.lake, computing, target, NIGHT)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_finds_its_people_and_has_words_for_them_in_both_languages(shared: Tonight, name: str) -> None:
    campaign = load(shared.company, name)
    template.check(shared.company, campaign)
    members, _ = decided(shared, campaign, [], ledger.DRY_RUN, date(2026, 3, 21))
    assert (len(members) == 0) is (name in NOBODY)
    for language in ("fa", "en"):
        spoken = members.set_column(members.schema.get_field_index("language"), "language", pc.if_else(True, language, members["language"]))
        company = shared.company.model_copy(update={"locale": language})
        sent = list(messages(company, DeliveryFile(), campaign, spoken, NIGHT, date(2026, 3, 21)))
        assert len(sent) == pc.sum(pc.equal(members["decision"], "send").cast("int64")).as_py() if len(members) else sent == []
        for message in sent:
            assert message.address
            assert message.text.strip()
            assert "None" not in message.text
            assert message.locale == language


def test_every_message_of_a_shipped_campaign_is_shipped(shared: Tonight) -> None:
    used = set()
    for campaign in load_all(shared.company, resting=True):
        used |= {campaign.message_at(stage) for stage in ([step.name for step in campaign.steps] or campaign.trigger.stages)}
    assert used == {file.stem for file in template.DEFAULT.glob("*.yaml")}


def test_a_company_without_campaigns_of_its_own_runs_two_and_can_see_the_rest(shared: Tonight) -> None:
    assert [campaign.id for campaign in load_all(shared.company)] == ["renewal_reminder", "win_back"]
    assert sorted(campaign.id for campaign in load_all(shared.company, resting=True)) == SHIPPED
    assert all(campaign.dry_run for campaign in load_all(shared.company, resting=True))


def test_a_campaign_that_is_taken_is_active_and_the_usual_ones_stay(make_company) -> None:
    folder: Path = make_company({"subscription.csv": "subscription_id\n"})
    company = companies.load(folder)
    file = add(company, "welcome")
    assert file == folder / "campaigns" / "welcome.yaml"
    assert sorted(campaign.id for campaign in load_all(company)) == ["renewal_reminder", "welcome", "win_back"]
    with pytest.raises(CampaignError, match="is there already"):
        add(company, "welcome")
    with pytest.raises(CampaignError, match=r"No campaign 'nothing' is shipped\. Known: anniversary, birthday,"):
        add(company, "nothing")
