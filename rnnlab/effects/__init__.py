"""What is known beside the values: holidays, what covariates do to each series, changes of clocks.

It knows nothing of networks or files: all is numpy and pandas.
"""
