"""Time zones by name, and local times that a change of the clocks makes doubtful."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agenda.errors import UnknownZone

_HOUR = timedelta(hours=1)


@lru_cache(maxsize=256)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, or None."""
    if not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def require_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; raises UnknownZone with a sentence that names it."""
    zone = find_zone(name)
    if zone is None:
        raise UnknownZone(
            f"“{name[:64]}” is not a time zone that is known here: "
            "give a name such as --zone Europe/Brussels."
        )
    return zone


def zone_of_offset(offset: timedelta) -> str | None:
    """The zone that has this offset all year, or None where there is none (such as +05:30)."""
    hours, rest = divmod(offset, _HOUR)
    if rest or not -12 <= hours <= 14:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"


def resolve(local: datetime, zone: ZoneInfo) -> tuple[datetime, str | None]:
    """A naive local time as aware UTC, and “gap” or “fold” where the clocks change.

    In a gap the time is read with the offset before it, so it comes out later by the clock; in a
    fold the first of the two is meant.
    """
    first = local.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    if first.utcoffset() == local.replace(tzinfo=zone, fold=1).utcoffset():
        return instant, None
    comes_back = instant.astimezone(zone).replace(tzinfo=None) == local.replace(fold=0)
    return instant, "fold" if comes_back else "gap"
