"""Learned models: how each is trained and judged, the artefacts that are committed, and how a person is scored by them."""
