"""Fuzzing by deterministic mutation: `python -m tests.fuzz archives|salvage|html --seconds N --seed S`.

Input number `i` of a run is a function of the seed and `i` alone, so that `--only i` repeats it anywhere. What an input
may cost is measured in CPU time and memory, not on the wall clock, which on a busy machine says nothing.
"""
