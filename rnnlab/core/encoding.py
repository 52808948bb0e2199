"""UTF-8 wherever this project reads and writes, whatever the locale."""

import os
import sys


def use_utf8() -> None:
    """Make this program read names and write text in UTF-8; call it first in a program.

    In a locale of another encoding Python starts again, since it has decoded the command line and
    opens files in that encoding.

    Raises:
        SystemExit: a word of the command line is not UTF-8; one line on stderr says which.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        # a library may have wrapped it, or a test put another kind of stream in its place
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(encoding="utf-8")
    for word in sys.argv[1:]:
        # Python keeps bytes that it cannot decode as surrogates
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            shown = os.fsencode(word).decode("utf-8", errors="replace")
            print(f"error: {shown}: is not UTF-8; write it in UTF-8", file=sys.stderr)
            sys.exit(1)
