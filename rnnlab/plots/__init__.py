"""The plots of the pipeline and of a forecast, a module for each family.

They show finished tables: no plot computes a score or reads a network.
"""
