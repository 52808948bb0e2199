"""The public functions: a table in, a table out."""
