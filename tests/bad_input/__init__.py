"""The corpus of bad input: every row built by code, with the answer it has to get."""
