"""What every task needs, imported once by the scheduler: LocalExecutor forks its tasks from it, and they find it loaded.

Measured on two cores: a validate task takes 1 to 2 s instead of 7, of which the imports are 6. Only the scheduler does
this, so that the other processes start as fast as before. Nothing here starts a thread or opens a connection, which
would not survive a fork.
"""

import os
import sys

if sys.argv[1:2] == ["scheduler"] and os.environ.get("MANDEGAR_WARM", "1") == "1":
    import mandegar.pipeline.stages
    import mandegar.quality.suites.gx
    import mandegar.reporting.summary  # noqa: F401
