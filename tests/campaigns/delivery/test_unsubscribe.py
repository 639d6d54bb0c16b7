"""Unsubscribing: a link that was made here closes a channel, by a button or by one click; any other changes nothing."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from tests.campaigns.delivery.conftest import NIGHT

from mandegar.campaigns import ledger
from mandegar.campaigns.delivery import pages
from mandegar.campaigns.delivery.unsubscribe import read_token, refuse, token
from mandegar.errors import CampaignError
from mandegar.warehouse.tables import channel_refusal

AT = datetime(2025, 3, 31, 9)


def test_a_link_says_who_and_from_what_and_is_signed():
    """The signature: `printf '1.abc.email' | openssl dgst -sha256 -hmac key`, its first 32 digits."""
    made = "1.abc.email.2f7fd1b681285f472aafa1865ecd1aad"
    assert token("abc", "email", "key") == made
    assert read_token(made, "key") == ("abc", "email")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "1.abc.email",
        "1.abc.email." + "0" * 32,
        token("abc", "email", "other"),
        token("abd", "email", "key")[:-1],
        token("a", "fax", "key"),
    ],
)
def test_a_link_that_was_not_made_here_is_refused(given):
    with pytest.raises(CampaignError, match="not one of ours"):
        read_token(given, "key")


def test_a_link_with_another_person_or_channel_in_it_is_refused():
    made = token("abc", "email", "key")
    for changed in (made.replace("abc", "abd"), made.replace("email", "all")):
        with pytest.raises(CampaignError):
            read_token(changed, "key")


def test_a_refusal_is_kept_from_its_first_time_on_and_decides_the_next_night(engine):
    refuse(engine, "p1", "email", "unsubscribed", AT)
    refuse(engine, "p1", "email", "unsubscribed", datetime(2025, 6, 1))
    with engine.begin() as connection:
        assert connection.execute(sa.select(channel_refusal)).all() == [("p1", "email", "unsubscribed", AT)]
    assert ledger.refusals_here(engine, NIGHT).to_pylist() == [{"person_key": "p1", "channel": "email", "kind": "unsubscribed"}]


@pytest.mark.parametrize(("accepts", "locale"), [("fa-IR,en;q=0.5", "fa"), ("de, en;q=0.8", "en"), ("", "fa"), ("de", "fa")])
def test_the_page_speaks_the_reader_s_language(accepts, locale):
    assert pages.chosen_locale(accepts, "fa") == locale


def test_the_page_shows_a_button_and_escapes_the_company_s_name():
    page = pages.asked("<b>Acme</b>", "fa")
    assert '<html lang="fa" dir="rtl">' in page
    assert "<b>" not in page
    assert page.count("<button") == 1
    assert "<button" not in pages.done("Acme", "en")
    assert "script" not in page
