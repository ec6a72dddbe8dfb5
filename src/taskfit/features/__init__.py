"""What can be counted in a request before any model has seen it. Pure Python, the same when fitting and when serving."""
