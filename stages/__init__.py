"""The stages of the pipeline, as dvc.yaml runs them."""

from rnnlab.core.process import prepare_program

# before torch is imported
prepare_program()
