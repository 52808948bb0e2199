"""What a person types: rnnlab forecast, predict, new-series, report, gate.

No other package may import it.
"""
