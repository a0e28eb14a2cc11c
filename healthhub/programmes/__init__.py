"""Insurers' and employers' programmes: figures about groups, never about a person.

cells.py     pure: which cells of a table may be shown, so that no other can be worked out from them
groups.py    pure: people in, tables of groups out
figures.py   the door: a programme's figures of one whole month
"""
