"""
### campaign_…

One DAG per campaign file. Starts when the night of a day has been published, decides whom the campaign contacts for that
day and writes its lists: *send*, *holdout*, *suppressed* and a manifest. A dry run: nothing leaves the house.

- **Owner:** retention.
- **Run again, or backfill:** safe; the same night gives the same lists, and nobody is listed twice for the same thing.
- **Where the lists are:** `MANDEGAR_HOME/lists/<campaign>/<as_of>/`.
"""

from datetime import timedelta

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, get_current_context, task

from mandegar_airflow import campaign_ids, stage

NIGHT = Asset("mandegar_night")


@task
def decide(campaign: str) -> dict[str, int]:
    outcome = stage("campaign", get_current_context(), campaign)
    return {"send": outcome.send, "holdout": outcome.holdout, "suppressed": sum(outcome.suppressed.values())}


for campaign in campaign_ids():
    with DAG(
        dag_id=f"campaign_{campaign}",
        schedule=PartitionedAssetTimetable(assets=NIGHT),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "retention", "retries": 3, "retry_delay": timedelta(minutes=2), "retry_exponential_backoff": True},
        doc_md=__doc__,
        tags=["mandegar", "campaign"],
    ):
        decide(campaign)
