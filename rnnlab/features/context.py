"""How much of a history the network reads, and how it is cut into patches."""

# the values in a patch, at most; shorter patches are padded with zeros
PATCH = 16


def patch_size(period: int) -> int:
    """Values in a patch: whole periods where they fit, else an equal part of a period."""
    small = {1: 4, 2: 6, 3: 6, 4: 8}
    if period in small:
        return small[period]
    if period <= PATCH:
        return period * (PATCH // period)
    return -(-period // -(-period // PATCH))


def patch_count(period: int) -> int:
    """Patches that the network reads, from the end of the history."""
    return 14 if period <= PATCH else 28


def long_period(period: int) -> int:
    """A second season: a week for parts of a day, a year for days of a week; else the period."""
    if period in (24, 48, 96):
        return 7 * period
    return {7: 365, 5: 260}.get(period, period)


def context_length(period: int) -> int:
    """Values that the network and its statistics read: all patches and several seasons."""
    patches = patch_count(period) * patch_size(period)
    long = long_period(period)
    seasons = 4 * long if long in (168, 336) else 2 * long if long > period else 0
    return max(patches, min(6 * period, 1100), min(seasons, 1400))


def max_horizon(period: int) -> int:
    """Steps that the network forecasts at once: three periods, at least 64 steps."""
    return max(3 * period, 64)
