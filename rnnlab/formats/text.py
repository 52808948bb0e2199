"""Text as rows of cells: its encoding, and the sign between cells."""

import codecs
import csv
import io
import re
from dataclasses import replace

from rnnlab.cells.numbers import is_missing
from rnnlab.core.errors import InputError
from rnnlab.formats.grids import (
    SAMPLE_ROWS,
    TITLE_LINES,
    Grid,
    Rows,
    below_preamble,
    filled,
    grid_of,
    is_title,
)
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.sources import Source

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SAMPLE_CHARACTERS = 2**18
FLAGGED = re.compile(r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?|:)\s+[a-z]{1,4}\s*", re.IGNORECASE)
NUMBER_OR_TIME = re.compile(r"[\d\s.,:/+\-'%eEMQWTZ]*")

# a note may be longer than the 131,072 characters that csv allows
csv.field_size_limit(2**31 - 1)


def text_grid(source: Source, options: ReadOptions) -> Grid:
    """Find encoding, separator and header of a text.

    Raises:
        InputError: it is no text, or its cells have no end.
    """
    encoding, notes = _find_encoding(source, options.encoding)
    separator = _find_separator(source, encoding, options)

    def all_rows() -> Rows:
        try:
            with source.open() as raw, io.TextIOWrapper(raw, encoding, newline="") as file:
                reader = csv.reader(file, delimiter=separator, strict=True)
                for row in reader:
                    if any(cell and not cell.isspace() for cell in row):
                        yield reader.line_num, row
        except (UnicodeError, csv.Error):
            raise InputError(
                f"{source.name}: is not a valid table in {encoding}; save it as CSV in UTF-8 "
                "with closed quotes",
                ["--read encoding="] if options.encoding else (),
            ) from None

    return _without_flags(grid_of(source, all_rows, separator, notes, options.skip))


def _without_flags(grid: Grid) -> Grid:
    """A table of Eurostat without the letters behind its values, such as p for provisional."""
    if not grid.header or "\\TIME_PERIOD" not in grid.header[0]:
        return grid

    def rows() -> Rows:
        for number, row in grid.rows():
            yield number, [row[0], *(FLAGGED.sub(r"\1", cell) for cell in row[1:])]

    count = sum(bool(FLAGGED.fullmatch(cell)) for _, row in grid.rows() for cell in row[1:])
    notes = [f"without the flags of {count} values"] if count else []
    return replace(grid, rows=rows, notes=[*grid.notes, *notes])


def _find_encoding(source: Source, wanted: str | None) -> tuple[str, list[str]]:
    """The name of the encoding, and what was guessed of it."""
    if wanted:
        try:
            return codecs.lookup(wanted).name, []
        except LookupError:
            raise InputError(
                f"--read encoding={wanted}: Python knows no such encoding", ["--read encoding="]
            ) from None
    with source.open() as file:
        start = file.read(4096)
    for mark, name in BOMS.items():
        if start.startswith(mark):
            return name, []
    if len(start) > 3 and start.count(0) > len(start) / 4:
        even, odd = start[::2].count(0), start[1::2].count(0)
        if even == 0 or odd == 0:
            return ("utf-16-le" if even == 0 else "utf-16-be"), []
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with source.open() as file:
            while part := file.read(2**20):
                if 0 in part:
                    raise InputError(f"{source.name}: is not text; save it as CSV in UTF-8")
                decoder.decode(part)
            decoder.decode(b"", final=True)
        return "utf-8", []
    except UnicodeDecodeError:
        return _other_encoding(source)


def _other_encoding(source: Source) -> tuple[str, list[str]]:
    """Windows' Latin-1, or what charset-normalizer says of bytes that are no letters there."""
    with source.open() as file:
        content = file.read(2**20)
    try:
        content.decode("cp1252")
        encoding = "cp1252"
    except UnicodeDecodeError:
        import charset_normalizer

        best = charset_normalizer.from_bytes(content).best()
        if best is None:
            raise InputError(f"{source.name}: is not text; save it as CSV in UTF-8") from None
        encoding = best.encoding
    return encoding, [f"letters in {encoding} (guessed; else --read encoding=NAME)"]


def _find_separator(source: Source, encoding: str, options: ReadOptions) -> str:
    """The sign that cuts the first rows into the same number of cells, two or more."""
    if options.separator:
        return SEPARATORS[options.separator]
    if source.path is not None and ".tsv" in [each.lower() for each in source.path.suffixes]:
        return "\t"
    try:
        with source.open() as raw, io.TextIOWrapper(raw, encoding, newline="") as file:
            sample = file.read(SAMPLE_CHARACTERS)
    except UnicodeError:
        return ","
    hint = re.match(r"sep=([,;\t|])\r?\n", sample)
    if hint:
        return hint[1]
    if len(sample) == SAMPLE_CHARACTERS:
        sample = sample.rpartition("\n")[0]
    scores = {sign: _fit(sample, sign) for sign in SEPARATORS.values()}
    best = max(scores.values())
    winners = [sign for sign, score in scores.items() if score == best]
    if best[0] == -TITLE_LINES - 1:
        return ","
    if len(winners) > 1:
        raise InputError(
            f"{source.name}: cells may end with {' or '.join(map(repr, winners))}; "
            "add --read separator=comma or another",
            [f"--read separator={next(k for k, sign in SEPARATORS.items() if sign in winners)}"],
        )
    return winners[0]


def _fit(sample: str, sign: str) -> tuple[float, float]:
    """How well ``sign`` cuts: where the header stands, and the share of numbers and times."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=sign)
    rows = []
    try:
        for row in reader:
            if filled(row):
                rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    header = next((n for n, row in enumerate(rows) if not is_title(row)), None)
    if header is None or header > TITLE_LINES:
        return -TITLE_LINES - 1, 0
    header = below_preamble(rows, header) or header
    width = len(rows[header])
    body = [row for row in rows[header + 1 :] if len(filled(row)) > 1]
    fitting = sum(len(row) <= width for row in body)
    if fitting < 0.8 * len(body) or len(body) < 0.5 * len(rows[header + 1 :]):
        return -TITLE_LINES - 1, 0
    cells = [cell for row in body for cell in row]
    sense = [bool(NUMBER_OR_TIME.fullmatch(cell)) or is_missing(cell) for cell in cells]
    return -header, sum(sense) / len(sense) if sense else 0
