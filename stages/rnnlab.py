"""Stands in for the library where a script of this folder is run by its path.

`python stages/train.py mnist`, or an editor's Run button, makes this folder the first place in
which Python looks, so `import rnnlab` finds this file. It puts the project's folder in that place,
as `python -m stages.train mnist` does, and imports the library in its own stead.
"""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
sys.modules.pop("rnnlab", None)
importlib.import_module("rnnlab")
