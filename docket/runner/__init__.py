"""`docket exec`: the execution contract, on the standard library alone."""
