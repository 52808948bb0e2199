"""Training of networks: the loop, optimizer, checkpoints, devices, processes.

It works on tensors and a loss, and knows nothing about their meaning.
"""
