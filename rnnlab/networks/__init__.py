"""The network and its cells, its inputs and its storage.

It knows nothing about data files, training or other forecasting methods.
"""
