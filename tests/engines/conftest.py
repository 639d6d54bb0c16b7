"""What the tests of engines share: a cluster."""

from collections.abc import Iterator

import pytest
from tests.engines.standalone import Cluster, running_cluster


@pytest.fixture(scope="session")
def cluster(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One Spark cluster for the whole session."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster
