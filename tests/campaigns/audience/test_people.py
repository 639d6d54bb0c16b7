"""People: one spelling of addresses and numbers, one key for the accounts of one person."""

import pytest

from mandegar.campaigns.audience.people import e164, first_and_last, match_email, person_keys


@pytest.mark.parametrize("written", ["Sara@Example.com", " sara@example.com ", "\u202asara@example.com\u202c", "SARA@EXAMPLE.COM"])
def test_spellings_of_one_mail_address_are_one(written):
    assert match_email(written) == "sara@example.com"


def test_persian_and_arabic_letters_and_digits_of_a_mail_address_are_one():
    assert match_email("علي۱۲@نمونه.ir") == match_email("علی12@نمونه.ir") == match_email("علی١٢@نمونه.ir") == "علی12@نمونه.ir"
    assert match_email("كاوه@نمونه.ir") == "کاوه@نمونه.ir"


@pytest.mark.parametrize("written", [None, "", "  ", "no address"])
def test_what_is_no_mail_address_is_none(written):
    assert match_email(written) is None


@pytest.mark.parametrize(
    "written",
    [
        "09121234567",
        "0912 123 4567",
        "(0912) 123-4567",
        "+98 912 123 4567",
        "+98 (0) 912 123 4567",
        "00989121234567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "۰۰۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷",
        "\u202a+989121234567\u202c",
    ],
)
def test_spellings_of_one_number_are_one(written):
    assert e164(written, "IR") == "+989121234567"


def test_a_number_without_country_code_belongs_to_the_company_s_country():
    assert e164("030 901820", "DE") == "+4930901820"


@pytest.mark.parametrize("written", [None, "", "12", "none", "+98912"])
def test_what_is_no_number_is_none(written):
    assert e164(written, "IR") is None


def test_accounts_that_share_a_mail_address_or_a_number_are_one_person():
    """a and b share a mail address, b and c a number; d is somebody else."""
    keys = person_keys([("a", "x@x.x", None), ("b", "x@x.x", "+981"), ("c", "c@x.x", "+981"), ("d", "d@x.x", "+982")], "Acme")
    assert keys["a"] == keys["b"] == keys["c"]
    assert keys["d"] != keys["a"]


def test_accounts_without_any_address_are_people_of_their_own():
    keys = person_keys([("a", None, None), ("b", None, None)], "Acme")
    assert keys["a"] != keys["b"]


def test_the_key_is_the_smallest_hash_of_what_identifies_the_person():
    """`printf 'Acme|email:x@x.x' | sha256sum` gives d8945a98…, of 'Acme|phone:+981' 273690e7…, which is the smaller."""
    keys = person_keys([("a", "x@x.x", "+981")], "Acme")
    assert keys == {"a": "273690e7d2db80246435b8366cf5ae8cbc7e7669facd2c6ac38047c18248748e"}


def test_the_key_does_not_depend_on_the_order_of_accounts():
    accounts = [("a", "x@x.x", "+981"), ("b", "y@x.x", "+981"), ("c", "y@x.x", "+982")]
    assert person_keys(accounts, "Acme") == person_keys(accounts[::-1], "Acme")


def test_the_key_says_nothing_about_the_person_and_differs_between_companies():
    ours, theirs = (person_keys([("a", "sara@example.com", None)], salt)["a"] for salt in ("Acme", "Other"))
    assert ours != theirs
    assert len(ours) == 64
    assert "sara" not in ours


def test_a_person_keeps_the_first_recorded_key_when_addresses_change_or_accounts_merge():
    """a was recorded before b; now they share a number."""
    keys = person_keys([("a", "new@x.x", "+981"), ("b", "b@x.x", "+981")], "Acme", known={"a": "first", "b": "second"})
    assert keys == {"a": "first", "b": "first"}


def test_an_account_that_goes_its_own_way_becomes_a_person_of_its_own():
    keys = person_keys([("a", "a@x.x", None), ("b", "b@x.x", None)], "Acme", known={"a": "shared", "b": "shared"})
    assert keys["a"] == "shared"
    assert keys["b"] != "shared"


def test_a_number_handed_on_does_not_hand_on_the_person():
    """a was recorded by the number; a has a mail address now, and the number is b's."""
    was = person_keys([("a", None, "+981")], "Acme")["a"]
    keys = person_keys([("a", "a@x.x", None), ("b", None, "+981")], "Acme", known={"a": was})
    assert keys["a"] == was
    assert keys["b"] != was


@pytest.mark.parametrize(
    ("name", "kind", "parts"),
    [
        ("Sara Karimi", "person", ("Sara", "Karimi")),
        ("سارا کریمی نژاد", "person", ("سارا", "کریمی نژاد")),
        ("Sara", None, ("", "Sara")),
        ("Acme Steel", "company", ("", "Acme Steel")),
    ],
)
def test_a_person_has_two_names_and_a_company_one(name, kind, parts):
    assert first_and_last(name, kind) == parts
