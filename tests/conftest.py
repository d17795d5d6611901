from __future__ import annotations

from hypothesis import HealthCheck, settings

# The time of an example depends on the machine, and on what else it does.
settings.register_profile("any-speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-speed")
