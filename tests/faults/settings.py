"""Settings of a site under fault tests: the site's own, with its failpoints armed."""

from classifier import failpoints
from inspection_site.settings import *  # noqa: F403  a site like any other
from tests.faults.arming import striker

failpoints.hit = striker(DATA_DIR / "failpoints")  # noqa: F405  from the site's
SWEEP_SILENCE_SECONDS = 10
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
