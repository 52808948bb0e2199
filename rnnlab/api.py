"""The public functions: a table in, a table out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from rnnlab.backtesting.windows import Backtest, backtest_panel
from rnnlab.core.errors import InputError
from rnnlab.forecasting.forecast import forecast_panel
from rnnlab.series.loading import panel_of
from rnnlab.series.panel import Panel
from rnnlab.series.seasons import note_guesses, settle
from rnnlab.tables.frames import Shape, read_data
from rnnlab.tables.options import ReadOptions, reading_options
from rnnlab.zero_shot.storage import read_zero_shot
