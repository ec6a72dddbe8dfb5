"""Outcomes of models on prompts: read, checked, exported. Needs the extra `fit` (numpy). Fits nothing and measures nothing."""
