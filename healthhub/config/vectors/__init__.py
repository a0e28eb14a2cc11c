"""Test vectors: published or hand-derived cases, run through the product's own code.

A family is one file format by name; `families.FAMILIES` lists them, one line each.
"""
