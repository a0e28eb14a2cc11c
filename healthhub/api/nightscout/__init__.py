"""Nightscout's API 1, 2 and 3 under `/nightscout/<patient>/`: for the uploaders and followers that speak it already (docs/dialects.md)."""
