"""What the zero-shot network reads of a history: seasons, smoothings, simple forecasts.

It knows nothing of torch: all is numpy, for many histories of one period at once.
"""
