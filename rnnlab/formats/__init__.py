"""Where a table comes from, and its cells: text, sheets, databases and files of typed columns.

It knows nothing of times or series: a new format of files is an entry here alone.
"""
