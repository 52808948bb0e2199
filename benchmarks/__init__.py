"""Measurements of the pipeline and of the forecaster, by question."""

from rnnlab.core.process import prepare_program

# before torch is imported
prepare_program()
