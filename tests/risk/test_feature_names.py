"""Whatever is known of customers is called something that people understand, in both languages."""

from datetime import date

import pytest
from tests.small_tables import company, entity

from mandegar.compute.engine import Engine
from mandegar.config.entities import ENTITIES
from mandegar.language.catalogue import translated
from mandegar.risk.evening import Evening
from mandegar.risk.features.names import NAMES, called
from mandegar.risk.features.wide import features
from mandegar.time.calendar import day_end

AS_OF = date(2026, 3, 31)


@pytest.mark.parametrize("churn", [{"kind": "contract"}, {"kind": "inactivity", "days": 90}], ids=["contracts", "purchases"])
def test_every_feature_has_a_name(duckdb: Engine, churn: dict) -> None:
    acme = company(churn=churn)
    nobody = {name: duckdb.table(entity(name, [])) for name in ENTITIES}
    found = features(Evening(acme, AS_OF, day_end(AS_OF, acme.zone), nobody), duckdb)
    assert len(found.columns) > 50
    assert [name for name in found.columns if name != "customer_id" and name not in NAMES] == []


def test_every_name_is_persian_too() -> None:
    assert [name for name, said in NAMES.items() if translated("fa", said.english, said.context) == said.english] == []


def test_a_key_of_attributes_is_called_as_the_source_calls_it() -> None:
    assert (called("attribute_payment_method", "fa"), called("response_hours", "en")) == ("payment method", "hours waited for an answer")
