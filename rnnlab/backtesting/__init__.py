"""How good forecasts are: backtests, scores by protocol, paired tests, DVC's metrics.

It asks the methods of `rnnlab/forecasting`, and knows nothing of plots or pages.
"""
