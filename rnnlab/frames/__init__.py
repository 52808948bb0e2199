"""Data in Python as tables, and results in the types in which the data came.

It reads through `rnnlab/tables`, and knows nothing of forecasts.
"""
