"""The stages of the pipeline, as dvc.yaml runs them."""

import rnnlab  # noqa: F401  # acts before torch is imported
