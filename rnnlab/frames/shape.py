"""The types in which data came, for what goes out."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from narwhals.stable.v2.typing import IntoDataFrame

from rnnlab.core.errors import InputError
from rnnlab.formats.options import ReadOptions
from rnnlab.formats.typed import can_be_cast
from rnnlab.frames.arrow import table_of, to_arrow, to_pandas
from rnnlab.frames.times import as_clock_times, like_times, unix_unit

# a frame of the library in which the data came, which only the caller knows
Frame: TypeAlias = Any

ID, TIME = "unique_id", "ds"


@dataclass(frozen=True)
class Shape:
    """What came in, so that what goes out is like it.

    Attributes:
        names: of the series, in the order in which they came, [S].
        ids: the same in the type in which they came, [S].
        times: the times that came, to take their type from; None for those of a file.
        id_name, time_name: of their columns.
        frame: what came, if it is a frame of another library than pandas.
        parts: columns that name the series together, [S] rows.
    """

    names: list[str]
    ids: pd.Series
    times: pd.Series | None = None
    id_name: str = ID
    time_name: str = TIME
    frame: nw.DataFrame[IntoDataFrame] | None = None
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)

    def result(self, table: pd.DataFrame) -> Frame:
        """A table with the columns unique_id and ds, in the types and the frame that came in."""
        order = {name: number for number, name in enumerate(self.names)}
        place = table[ID].map(order).to_numpy()
        rows = np.argsort(place, kind="stable")
        texts = table.columns[1 : table.columns.get_loc(TIME)] if TIME in table else []
        table = table.iloc[rows].reset_index(drop=True).drop(columns={*texts} & {*self.parts})
        table[ID] = self.ids.iloc[place[rows]].reset_index(drop=True)
        for name in {TIME, "cutoff"} & set(table):
            table[name] = like_times(table[name].to_numpy(), self.times)
        table = table.rename(columns={ID: self.id_name, TIME: self.time_name})
        # another column of the result may have such a name
        for number, name in enumerate([each for each in self.parts if each not in table], 1):
            table.insert(number, name, self.parts[name].iloc[place[rows]].reset_index(drop=True))
        return table if self.frame is None else self._in_frame(table)

    def _in_frame(self, table: pd.DataFrame) -> Frame:
        import pyarrow

        assert self.frame is not None
        arrow = pyarrow.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
        named = {self.id_name, self.time_name, *self.parts} & set(table)
        if self.frame.implementation.is_pyarrow():
            schema = self.frame.to_arrow().schema
            for name in named & set(schema.names):
                place, kind = arrow.schema.get_field_index(name), schema.field(name).type
                if can_be_cast(arrow.schema.field(name).type, kind):
                    arrow = arrow.set_column(place, name, arrow[name].cast(kind))
            return arrow
        frame = nw.from_arrow(arrow, backend=self.frame.implementation)
        schema = self.frame.schema
        own = self.frame.head(1).to_arrow().schema
        for name in named & set(schema):
            if can_be_cast(arrow.schema.field(name).type, own.field(name).type):
                frame = frame.with_columns(nw.col(name).cast(schema[name]))
        return frame.to_native()

    def as_came(self, table: Frame, kind: np.dtype) -> pd.DataFrame:
        """What ``result`` gave as it was before, in pandas.

        Args:
            kind: of the times, int64 or datetime64[s].

        Raises:
            InputError: it is no such table.
        """
        frame = to_pandas(table)
        needed = (self.id_name, self.time_name, "forecast")
        if missing := [name for name in needed if name not in frame]:
            raise InputError(
                f"the forecast has no column {missing[0]!r}; give what forecast() gave"
            )
        times = as_clock_times(frame[self.time_name], self.times)
        if kind.kind == "M":
            if unit := unix_unit(self.times):
                times = times.astype(f"datetime64[{unit}]")
            plain = pd.DataFrame({TIME: times, "y": frame["forecast"].to_numpy()})
            ds = table_of(to_arrow(plain), "the forecast", ReadOptions()).ds
        else:
            ds = pd.to_numeric(times).to_numpy()
        return frame.assign(**{ID: frame[self.id_name].astype(str), TIME: ds})
