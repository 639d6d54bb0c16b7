"""
### training

Learns who leaves. Starts when the night of a Friday has been published: what that night knew of the past three years is learnt from,
a challenger is judged on months that it has not seen, and goes live from the next night on only if it is better than what is live,
at ranking and at calibration. Writes a report: `MANDEGAR_HOME/reports/models/<version>/`.

- **Owner:** data.
- **Run again, or backfill:** safe; the same night gives the same model, and one that is live already stays.
- **Too young or too small a company:** nothing is learnt, the health score stays, and the task says why.
- **Back to the version before:** `mandegar model rollback --after YYYY-MM-DD`.
- **By hand for one night:** trigger it with the partition key `2026-10-30`; on any day of the week.
"""

from datetime import timedelta

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, get_current_context, task

from mandegar_airflow import is_learning_night, learn

NIGHT = Asset("mandegar_night")


@task.short_circuit
def due() -> bool:
    return is_learning_night(get_current_context())


@task
def train() -> dict[str, str]:
    return learn(get_current_context())


with DAG(
    dag_id="training",
    schedule=PartitionedAssetTimetable(assets=NIGHT),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data", "retries": 2, "retry_delay": timedelta(minutes=10), "retry_exponential_backoff": True},
    dagrun_timeout=timedelta(hours=2),
    doc_md=__doc__,
    tags=["mandegar"],
):
    due() >> train()
