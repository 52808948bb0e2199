"""No name of a function stands in a sentence: a renaming that ran over prose leaves such words."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache

from sources import sources

WORD = re.compile(r"(?<![\w./`'\"-])([a-z]+(?:_[a-z0-9]+)+)(?![\w(./=`'\"])")
CODE = re.compile(r"``[^`]*``|`[^`]*`|\b(?:see|of|by|from|import|for) \w+", re.MULTILINE)


@cache
def names_of_functions_alone() -> set[str]:
    """Of two words or more, and not the name of a parameter, a key or a file as well."""
    functions, others = set(), {path.stem for path in sources()}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                functions.add(node.name.lstrip("_"))
            elif isinstance(node, ast.arg):
                others.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                others.add(node.value)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                others.add(node.id)
    return {name for name in functions if "_" in name} - others


def prose_of(text: str) -> Iterator[str]:
    """Comments, docstrings and messages, f-strings without what they fill in."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def found_in(text: str) -> list[str]:
    names = names_of_functions_alone()
    prose = (CODE.sub("", each) for each in prose_of(text))
    return [word for each in prose for word in WORD.findall(each) if word in names]


def test_no_sentence_has_the_name_of_a_function() -> None:
    assert len(names_of_functions_alone()) > 300
    found = {str(path): found_in(path.read_text()) for path in sources()}
    assert {path: words for path, words in found.items() if words} == {}


def test_such_a_word_is_noticed() -> None:
    assert found_in("# forecasts are format_times, and plotted") == ["format_times"]
    assert found_in('f"{path}: its sum is not that join_names: {fix}"') == ["join_names"]
    assert found_in("# three batches on\n# shorten_name sequences of noise") == ["shorten_name"]
    assert found_in("# as `join_names` does, see format_times") == []
