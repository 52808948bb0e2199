"""Named parameter sets, and what runs one."""

import rnnlab  # noqa: F401  # must run before torch is imported
