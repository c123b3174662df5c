"""What strangers and curious colleagues try: each test names the row of the security table."""
