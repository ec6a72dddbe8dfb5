"""What outcomes say of a way to answer: held-out measures with intervals, beside the baselines. Needs the extra `fit` (numpy)."""
