"""Units of offsets for tests."""

from hypothesis import strategies as st


def written(offset: int, base: int, power: int) -> str:
    """``offset`` in units of ``base ** power``, with every digit that it takes."""
    unit = base**power
    digits = 10 * power
    whole, rest = divmod(offset, unit)
    return f"{whole}.{rest * 10**digits // unit:0{digits}}" if digits else str(whole)


units = st.sampled_from([(base, power) for base in (1000, 1024) for power in range(7)])
