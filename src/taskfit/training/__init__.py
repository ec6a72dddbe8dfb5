"""Outcomes to fitted models; so far, to calibrations. Needs the extra `fit` (numpy). Measures nothing."""
