"""A search over parameters: Optuna asks, DVC runs, every trial is an experiment.

It knows parameters and scores by their names alone, and nothing of networks.
"""
