"""The network and its cells, what it reads and how it is stored.

It knows nothing of files of data, of training or of methods beside it.
"""
