"""What all other packages use: parameters, files, errors, progress.

It knows nothing about data or networks, and imports no other package of rnnlab.
"""
