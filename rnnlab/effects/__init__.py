"""What is known beside the values: holidays, and what covariates do to each series.

It knows nothing of networks or files: all is numpy and pandas.
"""
