"""Networks and classical methods side by side: backtests, choice, intervals, measures.

It knows nothing of images, plots or pages.
"""
