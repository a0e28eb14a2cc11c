"""Nightscout: the tongue of uploaders and followers of glucose sensors, in both directions. Pure: plain documents and plain readings."""
