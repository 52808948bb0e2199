"""What the text of a cell means: a number, a time, a month.

It knows no files and no layouts; all cells of a column decide what one of them means.
"""
