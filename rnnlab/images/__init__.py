"""From the files of a data set, or a photo, to sequences; scores of classifiers.

It knows nothing of series.
"""
