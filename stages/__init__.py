"""The stages of the pipeline, as dvc.yaml runs them."""

import rnnlab  # noqa: F401  # must run before torch is imported
