"""The site without its content security policy: what the pages themselves keep out, shows."""

from tests.faults.settings import *  # noqa: F403  with quick password hashes

MIDDLEWARE = [name for name in MIDDLEWARE if "csp" not in name]  # noqa: F405  from the site's
