"""Who may open and do what: `matrix.csv` says it, the tests are made from it."""
