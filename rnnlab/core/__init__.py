"""What all other packages stand on: parameters, files, faults, progress.

It knows nothing of data or networks, and imports no other package of rnnlab.
"""
