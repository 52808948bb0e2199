"""What comes after the end of any series: methods, validation, intervals and output.

The room behind `rnnlab forecast`; what the pipeline evaluates is in `rnnlab/forecasting`.
"""
