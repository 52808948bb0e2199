"""How a network learns: the loop, optimizer, checkpoints, devices, processes.

It sees tensors and a loss, and knows nothing of what they mean.
"""
