"""What the commands that are called most answer, one module per verb; none of them needs click."""
