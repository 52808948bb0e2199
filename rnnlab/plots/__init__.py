"""The plots that the pipeline and a forecast draw, a module for each family.

They draw finished tables: no plot computes a score or reads a network.
"""
