"""From a table to windows: reading, times, scaling, smoothing, origins.

It knows nothing of networks or of images: all is numpy and pandas.
"""
