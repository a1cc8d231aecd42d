"""Use cases: plain functions, ports in, frozen results out; no click, no print."""
