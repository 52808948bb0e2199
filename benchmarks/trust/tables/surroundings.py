"""Text around the cells: lines above and below, signs between cells, encodings, packing."""

import csv
import gzip
import io
import zipfile
from functools import partial
from random import Random

ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"]
TITLES = [
    [["Table 5"]],
    [["Table 5: guests"], []],
    [["Category: All categories"], []],
    [["Report"], ["made on 3 May 2024"], []],
]
FOOTERS = [
    [["Source: an office"]],
    [[], ["* provisional"]],
    [["Quelle: Amt"], ["© 2024"]],
]


def with_lines(random: Random, rows: list[list[str]]) -> list[list[str]]:
    """The rows, perhaps with a title above and a footer below."""
    above = random.choice(TITLES) if random.random() < 0.3 else []
    below = random.choice(FOOTERS) if random.random() < 0.3 else []
    return [*above, *rows, *below]


def text_of(random: Random, rows: list[list[str]], separator: str) -> str:
    file = io.StringIO()
    all_quoted = random.random() < 0.15
    end = random.choice(["\n", "\r\n"])
    write = partial(csv.writer, file, delimiter=separator, lineterminator=end)
    (write(quoting=csv.QUOTE_ALL) if all_quoted else write()).writerows(rows)
    hint = f"sep={separator}{end}" if separator != "\t" and random.random() < 0.05 else ""
    return hint + file.getvalue()


def encoded(random: Random, text: str) -> tuple[bytes, str]:
    """The bytes of a text, in an encoding that has its letters."""
    encoding = random.choice(ENCODINGS)
    if encoding == "utf-16-le" and sum(map(str.isascii, text)) < 0.9 * len(text):
        # without a mark, zeros in every other byte alone tell it
        encoding = "utf-16"
    try:
        return text.encode(encoding), encoding
    except UnicodeEncodeError:
        return text.encode(), "utf-8"


def packed(content: bytes, ending: str) -> bytes:
    if ending.endswith(".gz"):
        return gzip.compress(content, 1)
    if ending == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("folder/mine.csv", content)
        return file.getvalue()
    return content
