"""The model of who leaves: snapshots of the past, learners, calibration, judgement, and the versions that were learnt."""
