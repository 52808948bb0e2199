"""Redirects `import rnnlab` to the library if a script of this folder is run by its path.

`python stages/train.py mnist`, or an editor's Run button, puts this folder first on sys.path, so
`import rnnlab` finds this file. It replaces that entry by the project's folder, as
`python -m stages.train mnist` does, and imports the library in place of itself.
"""

import importlib
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
sys.modules.pop("rnnlab", None)
importlib.import_module("rnnlab")
importlib.import_module("rnnlab.core.process").prepare_program()
