"""Settings of the Superset that `make superset` starts: what it knows is in one folder, in SQLite, and goes with it."""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db?timeout=60"
# No cache, so that each chart asks the marts.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
# In memory is enough for one process on loopback, and for minutes.
RATELIMIT_STORAGE_URI = "memory://"
TALISMAN_ENABLED = False
