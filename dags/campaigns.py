"""
### campaign_…

One DAG per campaign file. Starts when the night of a day has been published, decides whom the campaign contacts for that
day and writes its lists: *send*, *holdout*, *suppressed* and a manifest. A dry run (the usual) ends there: nothing leaves the house.

With `dry_run: false` in its file a person is asked before anything leaves, in Airflow's own screen (*Required actions*): how many,
at what cost, whom for example. Who approved is kept, a rejection too; without an answer in time nothing is sent. Above
`approval.four_eyes_above` a second person is asked. What was approved waits in the outbox for the DAG `delivery`.

- **Owner:** retention.
- **Run again, or backfill:** safe; the same night gives the same lists, and nobody is listed or written to twice for the same thing.
- **Where the lists are:** `MANDEGAR_HOME/lists/<campaign>/<as_of>/`.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, TriggerRule, get_current_context, task

from mandegar_airflow import APPROVE, REJECT, answered, campaigns, question, stage

NIGHT = Asset("mandegar_night")


@task
def decide(campaign: str, live: bool) -> dict[str, int]:
    outcome = stage("campaign", get_current_context(), campaign, live)
    return {"send": outcome.send, "holdout": outcome.holdout, "suppressed": sum(outcome.suppressed.values())}


@task.short_circuit
def whom_to_ask(campaign: str) -> dict[str, str] | None:
    return question(get_current_context(), campaign)


@task(trigger_rule=TriggerRule.ALL_DONE)
def answer(campaign: str, asked_by: str) -> str:
    context: Any = get_current_context()
    return answered(context, campaign, context["ti"].xcom_pull(task_ids=asked_by))


def ask(task_id: str, asked_by: str, hours: int) -> HITLOperator:
    pulled = f"ti.xcom_pull(task_ids='{asked_by}')"
    return HITLOperator(
        task_id=task_id,
        subject=f"{{{{ {pulled}['subject'] }}}}",
        body=f"{{{{ {pulled}['body'] }}}}",
        options=[APPROVE, REJECT],
        response_timeout=timedelta(hours=hours),
        retries=0,  # an answer is not asked for twice
    )


for campaign in campaigns():
    with DAG(
        dag_id=f"campaign_{campaign.id}",
        schedule=PartitionedAssetTimetable(assets=NIGHT),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "retention", "retries": 3, "retry_delay": timedelta(minutes=2), "retry_exponential_backoff": True},
        doc_md=__doc__,
        tags=["mandegar", "campaign"],
    ):
        last = decide(campaign.id, campaign.live)
        turns = () if not campaign.live else ("", "_again") if campaign.two else ("",)
        for turn in turns:
            whom, asked = f"whom_to_ask{turn}", f"ask{turn}"
            said = answer.override(task_id=f"answer{turn}")(campaign.id, asked)
            last >> whom_to_ask.override(task_id=whom)(campaign.id) >> ask(asked, whom, campaign.hours) >> said
            last = said
