"""Named parameter sets, and what runs the pipeline with one of them."""

from rnnlab.core.process import prepare_program

# before torch is imported
prepare_program()
