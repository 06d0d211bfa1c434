"""Faults F01 to F20: which tests try each of them, and those that stand nowhere else."""
