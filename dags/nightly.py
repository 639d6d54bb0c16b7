"""
### nightly

Closes one business day (`as_of`, the run's partition): takes what every source says, validates it, builds the
entities, measures, scores, publishes the marts and audits them. Campaigns start when it is published; what earlier ones
earned is judged then. Last, the owners of the tables hear of what is wrong (`quality.yaml`), also when a task before has failed.

- **Owner:** data. **Starts:** 02:00 in the company's time zone. **Done by:** 06:00.
- **A source table fails:** its task is red and is tried again; the night goes on without it if nothing stands on it.
- **Run again, or backfill any day:** safe; the same day gives the same tables.
  `airflow backfill create --dag-id nightly --from-date 2026-10-01 --to-date 2026-10-07T23:59:59 --max-active-runs 1`
  (the dates are partitions, so the days to close, the last with its time of day; one run at a time keeps campaigns in order).
- **By hand for one day:** trigger, and choose the day under `as_of` (or give the partition key `2026-10-31`).
"""

from datetime import timedelta

from airflow.sdk import Asset, CronPartitionTimetable, Param, TriggerRule, dag, get_current_context, task, task_group

from mandegar_airflow import source_tables, stage, time_zone

NIGHT = Asset("mandegar_night")
RETRIES = {
    "owner": "data",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
}

PARAMS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day to close",
        description="The business day, Gregorian, such as 2026-10-31. Empty: that of the run's partition.",
    ),
    "ask_again": Param(
        False,
        type="boolean",
        title="Ask the sources again",
        description="Of a night before the last one; else it keeps what its sources said then.",
    ),
}


@dag(
    schedule=CronPartitionTimetable("0 2 * * *", timezone=time_zone(), run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,
    default_args=RETRIES,
    dagrun_timeout=timedelta(hours=4),
    params=PARAMS,
    doc_md=__doc__,
    tags=["mandegar"],
)
def nightly() -> None:
    @task
    def tables() -> list[str]:
        return source_tables(get_current_context())

    @task
    def extract(table: str) -> str:
        stage("extract", get_current_context(), table)
        return table

    @task
    def validate(table: str) -> dict[str, int]:
        return stage("validate", get_current_context(), table)

    @task_group
    def intake(table: str) -> None:
        validate(extract(table))

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def conform() -> dict[str, int]:
        return stage("conform", get_current_context())

    @task
    def measure() -> dict[str, int]:
        return stage("measure", get_current_context())

    @task
    def score() -> dict[str, int]:
        return stage("score", get_current_context())

    @task(outlets=[NIGHT])
    def publish() -> dict[str, int]:
        return stage("publish", get_current_context())

    @task
    def results() -> int:
        return len(stage("results", get_current_context()))

    @task
    def alert() -> dict[str, int]:
        return stage("alert", get_current_context())

    told = alert().as_teardown()  # whatever happened before; a message that cannot be sent does not fail the night
    intake.expand(table=tables()) >> conform() >> measure() >> score() >> publish() >> results() >> told


nightly()
