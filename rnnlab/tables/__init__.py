"""A person's table: text, Excel or Parquet, long, wide or a matrix, as rows of name, time, value.

It knows nothing of tasks or networks. What has two readings is refused, with the option that says.
"""
