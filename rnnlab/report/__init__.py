"""The report page, and scores as tables and sentences.

It reads the outputs of the pipeline; scores are computed by the stages.
"""
