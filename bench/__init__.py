"""Measurements; `make bench` prints them and writes bench.json."""
