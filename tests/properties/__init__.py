"""Promises that hold whatever is done, tried with what Hypothesis and threads come up with."""
