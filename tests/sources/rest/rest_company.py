"""A company whose customers come over HTTP, and what a person reads when they do not."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from mandegar.errors import SourceError

ONE = {"data": [{"customer_id": "c1", "name": "Sara", "signed_up_at": "2025-01-01"}]}
SUBSCRIPTION = {
    "subscription.csv": "subscription_id,valid_from,customer_id,plan,quantity,unit_price,currency,interval_unit,interval_count,"
    "status,started_at\n"
}
MORE = """sources:
  files: {{kind: files, tables: {{subscription: {{file: subscription.csv}}}}}}
  crm:
    kind: rest
    connection: crm_api
    waits: {{attempts: 3, shortest_seconds: 0.01, longest_seconds: 0.05, {patience}{waits}}}
    limits: {{{limits}}}
    rest:
      client:
        auth: {auth}
        paginator: {paginator}
      resources: [{{name: people, endpoint: {{path: people, data_selector: data, {endpoint}}}}}]
      needs: {{people: the scope crm.people.read}}
    tables: {{customer: {{resource: people, {table}}}}}
"""
IN_QUERY = "{type: api_key, name: key, api_key: connection.password, location: query}"
PATIENCE = "silence_seconds: 0.3, answer_seconds: 0.6, "
BY_CURSOR = "{type: cursor, cursor_path: next, cursor_param: after}"
SECRET = "hidden-key"
Company = Callable[..., Path]


def message(crm: Company, take: Callable, url: str, **more: str) -> str:
    """What a person reads after the customers did not come in; never with the key in it, nor in the traceback that a log shows."""
    with pytest.raises(SourceError) as caught:
        take(crm(url, **more), "crm.customer")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value).replace(url.partition("://")[2].rstrip("/"), "HOST")
