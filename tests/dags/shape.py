"""Prints the platform's shape as JSON: every DAG with its owner, schedule and tasks. Run under Airflow's environment."""

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=str(Path(sys.argv[1])))
shape = {
    "import_errors": bag.import_errors,
    "dags": {
        dag_id: {
            "owner": dag.owner,
            "schedule": type(dag.timetable).__name__,
            "has_docs": bool(dag.doc_md),
            "max_active_runs": dag.max_active_runs,
            "params": {name: dag.params.get_param(name).schema | {"default": dag.params[name]} for name in sorted(dag.params)},
            "tasks": {
                task.task_id: {
                    "after": sorted(task.upstream_task_ids),
                    "retries": task.retries,
                    "backs_off": task.retry_exponential_backoff,
                    "trigger_rule": str(task.trigger_rule),
                    "outlets": sorted(outlet.name for outlet in task.outlets),
                }
                for task in dag.tasks
            },
        }
        for dag_id, dag in sorted(bag.dags.items())
    },
}
print(json.dumps(shape, indent=2, sort_keys=True, default=str))
