"""`docket exec`: the execution contract, with the standard library only."""
