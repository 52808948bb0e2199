"""How series come about, in the view of the zero-shot network: the prior that it learns from.

It knows nothing of networks: all is numpy, for many series of one period at once.
"""
