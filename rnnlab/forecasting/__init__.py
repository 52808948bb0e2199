"""Networks and classical methods side by side: backtests, selection, intervals, measures.

It knows nothing of images, plots or pages.
"""
