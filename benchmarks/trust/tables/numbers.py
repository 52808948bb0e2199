"""Numbers as people write them: signs, groups, and what stands around them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

Value = float | None

BEFORE = ["$", "€", "£", "¥", "₹", "US$", "R$", "$ ", "EUR ", "CHF ", "kr "]
AFTER = [" €", "€", " EUR", " USD", " zł", " kr", "₽"]
UNITS = [" kWh", " MW", "kg", " °C", " m³", " km/h", " pcs"]
POWERS = {"k": 3, "K": 3, " Tsd.": 3, "M": 6, " Mio.": 6, " million": 6, "bn": 9, " Mrd.": 9}
WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")
# how a minus is written: what stands before and behind the digits
MINUS = {"dash": ("-", ""), "true": ("−", ""), "brackets": ("(", ")"), "behind": ("", "-")}


@dataclass(frozen=True)
class NumberStyle:
    """One way to write numbers.

    Attributes:
        write: of a number with so many decimals.
        truth: what a reader makes of it.
        written: what each text stands for.
    """

    name: str
    write: Callable[[float], str]
    truth: Callable[[float], float] = lambda value: value
    missing: str = ""
    written: dict[str, float] = field(default_factory=dict)

    def text(self, value: Value) -> str:
        if value is None:
            return self.missing
        text = self.write(value)
        self.written[text] = self.truth(value)
        return text

    def known(self, value: Value) -> Value:
        return None if value is None else self.truth(value)


def some_numbers(
    random: Random, separator: str, decimals: int, positive: bool, plain: bool
) -> NumberStyle:
    """A style for numbers of ``decimals``: digits, and a dress around them unless ``plain``."""
    digits, name = some_digits(random, separator, decimals)
    missing = random.choice(["", "", "NA", "..", "n/a"])
    dress = None if plain else random.choice([None, None, None, *DRESSES])
    if dress is None:
        return NumberStyle(name, lambda v: ("-" if v < 0 else "") + digits(abs(v)), missing=missing)
    dressed, write, truth = DRESSES[dress](random, digits, decimals)
    if dress == "below" and (decimals or not positive):
        return NumberStyle(name, lambda v: ("-" if v < 0 else "") + digits(abs(v)), missing=missing)
    return NumberStyle(f"{name}, {dressed}", write, truth, missing)


Digits = Callable[[float], str]
Dress = tuple[str, Callable[[float], str], Callable[[float], float]]


def some_digits(random: Random, separator: str, decimals: int) -> tuple[Digits, str]:
    """How the digits of numbers above zero are written."""
    sign = random.choice([".", ","]) if separator != "," else random.choice([".", ".", ","])
    # as programs write numbers, 1.5 for 1.500
    short = random.random() < 0.5
    group = random.choice(["", "", {".": ",", ",": "."}[sign], "\u00a0", "'"])
    # between commas a point is the decimal sign: no program groups thousands by it there
    group = "" if separator == "," and group == "." else group

    def digits(value: float) -> str:
        text = f"{value:,.{decimals}f}"
        if short and decimals:
            text = text.rstrip("0").rstrip(".")
        return text.replace(",", "~").replace(".", sign).replace("~", group)

    return digits, f"1{group}234{sign}5" if decimals else f"1{group}234"


def around(before: str, after: str, digits: Digits, minus: str = "dash") -> Callable:
    """Digits with a sign before what stands before them."""

    def write(value: float) -> str:
        text = f"{before}{digits(abs(value))}{after}"
        first, last = MINUS[minus] if value < 0 else ("", "")
        return f"{first}{text}{last}"

    return write


def same(value: float) -> float:
    return value


def with_percent(random: Random, digits: Digits, _: int) -> Dress:
    sign = random.choice(["%", " %", "‰"])
    return f"5{sign}", around("", sign, digits, random.choice(["dash", "true", "brackets"])), same


def with_currency(random: Random, digits: Digits, _: int) -> Dress:
    before = random.choice(BEFORE) if random.random() < 0.6 else ""
    after = "" if before else random.choice(AFTER)
    minus = random.choice(["dash", "true", "brackets"])
    return f"{before}5{after} {minus}", around(before, after, digits, minus), same


def with_minus(random: Random, digits: Digits, _: int) -> Dress:
    minus = random.choice(["true", "brackets", "behind"])
    return f"minus {minus}", around("", "", digits, minus), same


def with_unit(random: Random, digits: Digits, _: int) -> Dress:
    unit = random.choice(UNITS)
    return f"5{unit}", around("", unit, digits, random.choice(["dash", "true"])), same


def with_power(random: Random, digits: Digits, decimals: int) -> Dress:
    power = random.choice([*POWERS])
    return (
        f"5{power}",
        around("", power, digits),
        lambda value: float(f"{value:.{decimals}f}e{POWERS[power]}"),
    )


def with_below(_: Random, digits: Digits, __: int) -> Dress:
    """Counts that are too small to be told."""
    return "<1", lambda v: "<1" if v == 0 else digits(v), lambda v: 0.5 if v == 0 else v


def in_wide_digits(_: Random, digits: Digits, __: int) -> Dress:
    return "wide", lambda v: around("", "", digits)(v).translate(WIDE), same


DRESSES: dict[str, Callable[[Random, Digits, int], Dress]] = {
    "percent": with_percent,
    "currency": with_currency,
    "minus": with_minus,
    "unit": with_unit,
    "power": with_power,
    "below": with_below,
    "wide digits": in_wide_digits,
}


def some_values(random: Random, count: int, decimals: int, positive: bool) -> list[Value]:
    """Numbers of so many decimals, of which one inside may be missing."""
    large = random.choice([9, 1500, 900_000, 2_000_000])
    least = random.choice([0, 1000 if large > 1000 else 1] + [-large] * (not positive))
    scale = 10**decimals
    values: list[Value] = [random.randint(least, large) / scale for _ in range(count)]
    if count > 4 and random.random() < 0.4:
        values[random.randint(1, count - 2)] = None
    return values
