"""Public holidays as covariates, by the library ``holidays``."""

from collections.abc import Mapping

import numpy as np

from rnnlab.core.errors import InputError
from rnnlab.series.times import MONTH, SECOND, Step, are_month_ends

DAY_S = 24 * 3600
# the day before a holiday, the day itself and the one after
AROUND = {-1: "the day before ", 0: "", 1: "the day after "}


def holiday_columns(countries: str, ds: np.ndarray, step: Step | None) -> dict[str, np.ndarray]:
    """Holidays at the times ds [R], by name; none that varies in no way.

    At steps of a day or less, 1 on each holiday, and on the days before and after it. At longer
    steps, the number of working days in the period that begins with the time (or ends with it, if
    all times are last days of months), and of holidays from Monday to Friday.

    Args:
        countries: codes such as AT or US-CA, several with a comma.
        step: of the times.

    Raises:
        InputError: a code is unknown, or times are no dates.
    """
    if ds.dtype.kind != "M" or step is None:
        raise InputError(f"--holidays {countries}: the times are no dates; write 2024-12-31")
    days = ds.astype("datetime64[D]")
    codes = codes_of(countries)
    around = 1 + (step.count // 12 if step.unit == MONTH else 0)
    of_days = days.astype("datetime64[Y]").astype(np.int64) + 1970
    years = range(max(1, of_days.min() - around), min(9999, of_days.max() + around) + 1)
    by_code = {code: holidays_of(code, years) for code in codes}
    long = step.unit == MONTH or (step.unit == SECOND and step.count > DAY_S)
    found: dict[str, np.ndarray] = {}
    for code, dates in by_code.items():
        of = f" ({code})" if len(codes) > 1 else ""
        columns = _counts(dates, days, step) if long else _days(dates, days)
        found |= {f"{name}{of}": values for name, values in columns.items()}
    return {name: values for name, values in found.items() if np.ptp(values) > 0}


def check_holidays(countries: str | None) -> None:
    """Raise InputError if one of the codes, with commas, is of no country or part of one."""
    for code in codes_of(countries or ""):
        holidays_of(code, range(0))


def codes_of(countries: str) -> list[str]:
    return [code.strip() for code in countries.split(",") if code.strip()]


def holidays_of(code: str, years: range) -> dict[np.datetime64, str]:
    """The public holidays of a country, or of a part of it as in US-CA, by day; in English.

    Raises:
        InputError: the library knows no such code.
    """
    import holidays

    country, _, part = code.partition("-")
    try:
        known = holidays.country_holidays(country, subdiv=part or None)
        languages = known.supported_languages
        english = next((each for each in ("en_US", "en_GB") if each in languages), None)
        found = holidays.country_holidays(
            country, subdiv=part or None, years=years, language=english
        )
    except NotImplementedError:
        raise InputError(
            f"--holidays {code}: is no country, or part of one, that the library holidays knows; "
            "write codes such as AT or US-CA"
        ) from None
    return {np.datetime64(day, "D"): name for day, name in found.items()}


def _days(dates: Mapping[np.datetime64, str], days: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    # two holidays on one day have names such as "Labor Day; Ascension Day"
    names = {day: name.split("; ") for day, name in dates.items()}
    for name in sorted({each for of_day in names.values() for each in of_day}):
        own = np.array([day for day, of_day in names.items() if name in of_day])
        for shift, word in AROUND.items():
            found[f"{word}{name}"] = np.isin(days, own + shift).astype(float)
    return found


def _counts(
    dates: Mapping[np.datetime64, str], days: np.ndarray, step: Step
) -> dict[str, np.ndarray]:
    unique, places = np.unique(days, return_inverse=True)
    if step.unit != MONTH:
        first, stop = unique, unique + step.count // DAY_S
    else:
        months = unique.astype("datetime64[M]")
        last = are_month_ends(unique.astype("datetime64[s]"))
        shift = unique - months.astype("datetime64[D]")
        first = unique if not last else (months - step.count + 1).astype("datetime64[D]")
        stop = (months + (1 if last else step.count)).astype("datetime64[D]")
        stop = stop if last else stop + shift
    off = np.array(sorted(dates), dtype="datetime64[D]")
    working = np.busday_count(first, stop, holidays=off).astype(float)
    closed = np.busday_count(first, stop) - working
    return {"working days": working[places], "holidays on weekdays": closed[places]}
