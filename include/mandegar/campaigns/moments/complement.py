"""What customers with similar purchases bought, and this one did not."""

import ibis
import ibis.expr.types as ir

from mandegar.campaigns.moments.window import Window, one_each, told
from mandegar.compute.engine import Engine
from mandegar.metrics.purchases.purchases import purchases
from mandegar.risk.evening import Evening
from mandegar.rules.text import folded_column

YEARS = 2
FEWEST_TOGETHER = 5  # customers who bought both; below, chance speaks
LEAST_LIFT = 1.2


def complements(evening: Evening, window: Window, engine: Engine) -> ir.Table:
    """The customers who bought in that time, with the product that goes best with what they have and that they do not have.

    Grain and columns as moments.window says: event_at is the last purchase, event_key and reason_code the product. Over two years:
    lift(a, b) = customers with both x all customers / (customers with a x customers with b); of every product b that a customer does not
    have the highest lift with any that they have counts, from LEAST_LIFT and FEWEST_TOGETHER on; of equal ones what more people have.
    """
    bought = purchases(evening.entities["invoice"])
    lately = bought.filter(bought.issued_at >= evening.since(365 * YEARS))
    lines = evening.entities["invoice_line"]
    named = lines.select("invoice_id", product=folded_column(lines.product)).filter(lambda t: t.product.notnull())
    has = engine.keep(lately.join(named, "invoice_id").select("customer_id", "product").distinct())
    count = engine.count(has.select("customer_id").distinct())
    of_product = has.group_by("product").agg(owners=has.customer_id.nunique())
    other = has.view()
    pairs = has.join(other, [has.customer_id == other.customer_id, has.product != other.product])
    both = pairs.select(a=has.product, b=other.product).group_by("a", "b").agg(both=ibis._.count())
    owners_a, owners_b = of_product.view(), of_product.view()
    lifted = both.join(owners_a, both.a == owners_a.product).select("a", "b", "both", of_a="owners")
    lifted = lifted.join(owners_b, lifted.b == owners_b.product).select("a", "b", "both", "of_a", of_b="owners")
    lift = lifted.both * float(count) / (lifted.of_a * lifted.of_b)
    good = engine.keep(lifted.mutate(lift=lift).filter(lambda t: (t.both >= FEWEST_TOGETHER) & (t.lift >= LEAST_LIFT)))
    offers = has.join(good, has.product == good.a).select("customer_id", "b", "lift", "of_b").distinct()
    owned = has.select("customer_id", b="product")
    fresh = offers.anti_join(owned, ["customer_id", "b"])
    best = one_each(fresh, fresh.lift.desc(), fresh.of_b.desc(), fresh.b.asc())
    last = bought.group_by("customer_id").agg(last_at=bought.issued_at.max())
    dated = best.join(last, "customer_id").filter(lambda t: window.holds(t.last_at))
    return told(dated, dated.last_at, "complement " + dated.b, dated.b)
