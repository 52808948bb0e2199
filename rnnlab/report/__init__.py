"""The report page, and scores as tables and sentences.

It reads what the pipeline has format_times, and computes nothing that a stage should.
"""
