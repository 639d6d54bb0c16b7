"""
### delivery

Every 15 minutes: asks the campaigns with `between_nights: true` what has happened since the night, and sends what is due
in the outbox, by the channels that `delivery.yaml` sets up, each message once. At the moment of sending it is asked again
whether the customer has refused, paid, or reached the goal since, and whether it is night where they are. What cannot be
handed over now is tried again, later and later; what never can is *dead*, and what broke off within a mail *uncertain*:
`mandegar outbox show --state dead`. Runs that were let go also go to the `audiences` and `files` of `delivery.yaml`:
`mandegar outbox pushes`.

- **Owner:** retention.
- **Run again:** safe; two at once share the work.
- **Stop everything at once:** pause this DAG.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, task

from mandegar_airflow import deliver, time_zone
from mandegar_airflow import look as look_between_nights


@dag(
    schedule=CronTriggerTimetable("*/15 * * * *", timezone=time_zone()),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "retention", "retries": 1, "retry_delay": timedelta(minutes=2)},
    dagrun_timeout=timedelta(hours=6),
    doc_md=__doc__,
    tags=["mandegar", "campaign"],
)
def delivery() -> None:
    @task
    def look() -> dict[str, int]:
        return look_between_nights()

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def send() -> dict[str, int]:
        return deliver()

    look() >> send()


delivery()
