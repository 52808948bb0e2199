"""Measurements by question: speed, accuracy, panels, trust."""

import rnnlab  # noqa: F401  # must run before torch is imported
