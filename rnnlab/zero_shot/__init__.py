"""A network trained on synthetic series alone that forecasts series it has never seen.

Import the modules; the names that they define are stable within a minor version.
"""
