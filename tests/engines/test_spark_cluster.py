"""On a cluster rows go from the executors to the lake; the driver, which may take a megabyte, does not see them."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
from tests.engines.standalone import Cluster

from mandegar.storage.lake import Lake

ROWS = 1_000_000
WRITE = f"""
import sys
from datetime import date
from pathlib import Path
from mandegar.compute import engine
from mandegar.storage.lake import Lake

lake = Lake(Path(sys.argv[1]))
with engine.start("spark") as spark:
    frame = spark._session.range({ROWS}).selectExpr("md5(cast(id as string)) as customer_id", "cast(id % 3 as string) as chunk")
    frame.createOrReplaceTempView("made")
    rows = spark.backend.table("made")
    print(spark.write_window(lake, "marts", "window", date(2026, 6, 30), rows.drop("chunk")))
    print(spark.write_chunks(lake, "marts", "chunks", ["0", "1", "2"], rows))
    try:
        list(spark.batches(rows))
    except Exception as problem:
        print("spark.driver.maxResultSize" in str(problem))
"""


def test_more_rows_are_written_than_the_driver_may_take(cluster: Cluster, tmp_path: Path) -> None:
    as_usual = {"spark_sql_adaptive_enabled": "true", "spark_sql_codegen_wholeStage": "true", "spark_sql_codegen_factoryMode": "FALLBACK"}
    environment = cluster.environment(spark_driver_maxResultSize="1m", **as_usual)
    done = subprocess.run([sys.executable, "-c", WRITE, tmp_path], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(ROWS), "0", "True"]  # rows of the window, version of the chunks, and that collecting fails
    chunks = Lake(tmp_path).chunk_files("marts", "chunks")
    counts = {chunk: sum(pq.read_metadata(file).num_rows for file in files) for chunk, files in chunks.items()}
    assert counts == {"0": 333_334, "1": 333_333, "2": 333_333}
